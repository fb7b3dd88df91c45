import { canonicalProtocol, specialSchemes } from "./canonical.ts";
import { type Component, compileComponent } from "./component.ts";
import { type ComponentName, componentNames, type URLPatternInit } from "./init.ts";
import { type Token, type TokenType, tokenize } from "./tokens.ts";

type State = "init" | "authority" | ComponentName | "done";

/**
 * Takes a pattern like `https://*.example.com/:id` apart, URL Pattern Standard section 1.6.
 *
 * @throws TypeError when the protocol is no pattern
 */
export function parseConstructorText(text: string): URLPatternInit {
  return new ConstructorText(text).parse();
}

/** Whether a URL with this protocol could be one that has slashes after it in any case. */
export function matchesSpecial(protocol: Component): boolean {
  return specialSchemes.some((scheme) => protocol.regexp.test(scheme));
}

class ConstructorText {
  private readonly text: string;
  private readonly tokens: readonly Token[];
  private readonly result: URLPatternInit = {};
  private state: State = "init";
  private index = 0;
  /** Token where the component at hand begins. */
  private start = 0;
  private step = 1;
  private groupDepth = 0;
  private bracketDepth = 0;
  private isSpecial = false;

  constructor(text: string) {
    this.text = text;
    this.tokens = tokenize(text, "lenient");
  }

  parse(): URLPatternInit {
    while (this.index < this.tokens.length && this.state !== "done") {
      this.step = 1;
      if (this.tokens[this.index]!.type === "end") this.handleEnd();
      else if (!this.isInsideGroup()) this.handleToken();
      this.index += this.step;
    }
    if (this.result.hostname !== undefined) this.result.port ??= "";
    return this.result;
  }

  /** Without a colon there was no protocol, without `@` there is no user. */
  private handleEnd(): void {
    if (this.state === "init") {
      this.rewind("init");
      if (this.isMark("#")) this.enter("hash", 1);
      else if (this.isSearchMark()) this.enter("search", 1);
      else this.enter("pathname", 0);
    } else if (this.state === "authority") this.rewind("hostname");
    else this.enter("done", 0);
  }

  private isInsideGroup(): boolean {
    const { type } = this.tokens[this.index]!;
    if (type === "open") {
      this.groupDepth++;
      return true;
    }
    if (this.groupDepth === 0) return false;
    if (type !== "close") return true;
    this.groupDepth--;
    return false;
  }

  private handleToken(): void {
    switch (this.state) {
      case "init":
        if (this.isMark(":")) this.rewind("protocol");
        break;
      case "protocol":
        if (this.isMark(":")) this.leaveProtocol();
        break;
      case "authority":
        if (this.isMark("@")) this.rewind("username");
        else if (this.isMark("/") || this.isSearchMark() || this.isMark("#")) this.rewind("hostname");
        break;
      case "username":
        if (this.isMark(":")) this.enter("password", 1);
        else if (this.isMark("@")) this.enter("hostname", 1);
        break;
      case "password":
        if (this.isMark("@")) this.enter("hostname", 1);
        break;
      case "hostname":
        this.handleHostname();
        break;
      case "port":
        this.leaveAuthority();
        break;
      case "pathname":
        this.leavePathname();
        break;
      case "search":
        if (this.isMark("#")) this.enter("hash", 1);
    }
  }

  private leaveProtocol(): void {
    const options = { delimiter: "", prefix: "", ignoreCase: false };
    this.isSpecial = matchesSpecial(compileComponent(this.componentText(), options, canonicalProtocol));
    if (this.isMark("/", 1) && this.isMark("/", 2)) this.enter("authority", 3);
    else this.enter(this.isSpecial ? "authority" : "pathname", 1);
  }

  private handleHostname(): void {
    if (this.isMark("[")) this.bracketDepth++;
    else if (this.isMark("]")) this.bracketDepth--;
    else if (this.isMark(":") && this.bracketDepth === 0) this.enter("port", 1);
    else this.leaveAuthority();
  }

  private leaveAuthority(): void {
    if (this.isMark("/")) this.enter("pathname", 0);
    else this.leavePathname();
  }

  private leavePathname(): void {
    if (this.isSearchMark()) this.enter("search", 1);
    else if (this.isMark("#")) this.enter("hash", 1);
  }

  private enter(state: State, skip: number): void {
    if (this.state !== "init" && this.state !== "authority") {
      this.result[this.state as ComponentName] = this.componentText();
    }
    if (this.state !== "init" && state !== "done") this.emptyBetween(this.state, state);
    this.state = state;
    this.index += skip;
    this.start = this.index;
    this.step = 0;
  }

  /** What a text passes over is empty, not anything. */
  private emptyBetween(from: State, to: State): void {
    const left = from === "authority" ? componentNames.indexOf("protocol") : rank(from);
    const reached = rank(to);
    if (left < rank("hostname") && reached > rank("hostname")) this.result.hostname ??= "";
    if (left < rank("pathname") && reached > rank("pathname"))
      this.result.pathname ??= this.isSpecial ? "/" : "";
    if (left < rank("search") && reached > rank("search")) this.result.search ??= "";
  }

  private rewind(state: State): void {
    this.state = state;
    this.index = this.start;
    this.step = 0;
  }

  private componentText(): string {
    return this.text.slice(this.tokens[this.start]!.index, this.tokens[this.index]!.index);
  }

  /** Whether the token at hand, or one after it, is this character and nothing of a pattern. */
  private isMark(character: string, ahead = 0): boolean {
    const token = this.tokens[this.index + ahead];
    return token?.value === character && plain.includes(token.type);
  }

  /** A `?` that is no modifier: what is before it cannot have one. */
  private isSearchMark(): boolean {
    if (this.isMark("?")) return true;
    if (this.tokens[this.index]!.value !== "?") return false;
    const previous = this.tokens[this.index - 1];
    return previous === undefined || !modifiable.includes(previous.type);
  }
}

const plain: readonly TokenType[] = ["char", "escaped-char", "invalid-char"];
const modifiable: readonly TokenType[] = ["name", "regexp", "close", "asterisk"];

function rank(state: State): number {
  return componentNames.indexOf(state as ComponentName);
}
