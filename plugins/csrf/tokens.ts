import type { ConfigOf, Identity, PluginRequest, PluginResponse } from "sluice/sdk";
import { cookieSet, cookieValues } from "./cookies.ts";
import { submittedToken } from "./submitted.ts";
import { isSameText, TokenMaker } from "./token.ts";
import type { tokenSchema } from "./token-config.ts";

export type TokenConfig = ConfigOf<typeof tokenSchema>;

/** What the policy keeps of a request that may bring its page a token. */
export interface PageState {
  /** Null: its page needs no other token than it has, or it is no page. */
  session: string | null;
  /** A token that was made already. */
  token: string | null;
}

/** Why a request is refused; null: it is not. */
export type TokenVerdict = "missing" | "refused" | "too long" | null;

/** What is loaded for a page, by Fetch Metadata: what its images bring would come in any order. */
const pages: readonly (string | null)[] = [null, "document", "iframe", "frame", "empty"];

export class Tokens {
  private readonly config: TokenConfig;
  private readonly maker: TokenMaker;

  /** @throws Error when the cookie's attributes contradict its name */
  static async create(config: TokenConfig): Promise<Tokens> {
    const { name, path, secure, sameSite } = config.cookie;
    if (/^__Host-/i.test(name) && (path !== "/" || !secure))
      throw new Error(`tokens.cookie: ${name} needs secure: true and path: /, or browsers drop it`);
    if (/^__Secure-/i.test(name) && !secure) throw new Error(`tokens.cookie: ${name} needs secure: true`);
    if (sameSite === "None" && !secure) throw new Error("tokens.cookie: sameSite: None needs secure: true");
    return new Tokens(config, await TokenMaker.create(config.secrets, config.lifetime));
  }

  private constructor(config: TokenConfig, maker: TokenMaker) {
    this.config = config;
    this.maker = maker;
  }

  /** Of a request that changes something. */
  async judge(request: PluginRequest, identity: Identity | null): Promise<TokenVerdict> {
    const submitted = await submittedToken(request, this.config);
    if (submitted === "too long") return submitted;
    const { token } = submitted;
    if (token === null) return "missing";
    const session = this.sessionOf(request, identity);
    if (session === null || (await this.maker.check(token, session)) === null) return "refused";
    // A token without a session is anybody's: what makes it this browser's is that it has it as a cookie, too.
    if (session !== "") return null;
    const own = cookieValues(request.headers.get("cookie"), this.config.cookie.name);
    return own.length === 1 && isSameText(own[0]!, token) ? null : "refused";
  }

  /** Of a request that changes nothing: its page may need a token. */
  async prepare(request: PluginRequest, identity: Identity | null, state: PageState): Promise<void> {
    const { cookie, toService } = this.config;
    const { headers } = request;
    if (toService !== "") headers.delete(toService);
    if (!pages.includes(headers.get("sec-fetch-dest"))) return;
    const session = this.sessionOf(request, identity);
    if (session === null) return;
    const [own = "", ...others] = cookieValues(headers.get("cookie"), cookie.name);
    const known = own === "" || others.length > 0 ? null : await this.maker.check(own, session);
    const token = known === null || this.maker.isWorn(known) ? await this.maker.make(session) : own;
    if (token !== own) {
      state.session = session;
      state.token = token;
    }
    if (toService !== "") headers.set(toService, token);
  }

  /** Brings the page its token; another one when the response begins or ends a session. */
  async bring(response: PluginResponse, { session, token }: PageState): Promise<void> {
    const { cookie } = this.config.session;
    const begun = cookie === undefined ? null : cookieSet(response.headers.getSetCookie(), cookie);
    if (begun !== null && begun !== session) this.set(response, await this.maker.make(begun));
    else if (token !== null) this.set(response, token);
  }

  private set({ headers }: PluginResponse, token: string): void {
    const { name, path, secure, sameSite, httpOnly } = this.config.cookie;
    const flags = `${secure ? "; Secure" : ""}${httpOnly ? "; HttpOnly" : ""}`;
    const life = `Max-Age=${this.config.lifetime}`;
    headers.append("set-cookie", `${name}=${token}; Path=${path}; ${life}; SameSite=${sameSite}${flags}`);
    // A cache would give one user's token to all.
    headers.append("cache-control", "private");
  }

  /** Empty: there is none. Null: there are two, and the service may take another one than this policy [cookie tossing]. */
  private sessionOf({ headers }: PluginRequest, identity: Identity | null): string | null {
    const { cookie } = this.config.session;
    if (cookie === undefined)
      return identity === null ? "" : JSON.stringify([identity.method, identity.subject]);
    const values = cookieValues(headers.get("cookie"), cookie);
    return values.length > 1 ? null : (values[0] ?? "");
  }
}
