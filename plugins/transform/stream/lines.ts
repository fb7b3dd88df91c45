import type { Log } from "../body.ts";
import type { StreamPart } from "./part.ts";
import { editedRecord, isPlain, overlooked, type RecordRules } from "./record.ts";

/** Edits lines that are documents of their own (https://github.com/ndjson/ndjson-spec). */
export class LineEditor implements StreamPart {
  private readonly rules: RecordRules;
  private held = "";
  /** Up to here no line ends. */
  private searched = 0;
  /** Whether a line goes by that is too long. */
  private isLong = false;

  constructor(rules: RecordRules) {
    this.rules = rules;
  }

  async push(text: string, isLast: boolean, log: Log): Promise<string> {
    this.held += text;
    let made = "";
    for (let end = this.lineEnd(); end > 0; end = this.lineEnd()) {
      const line = this.held.slice(0, end);
      this.held = this.held.slice(end);
      this.searched = 0;
      made += await this.line(line, log);
      this.isLong = false;
    }
    if (!isLast && this.held.length <= this.rules.longest) return made;
    made += await this.line(this.held, log);
    this.isLong = !isLast;
    this.held = "";
    this.searched = 0;
    return made;
  }

  /** Behind the line break; 0: there is none yet. */
  private lineEnd(): number {
    const end = this.held.indexOf("\n", this.searched);
    this.searched = this.held.length;
    return end + 1;
  }

  private async line(line: string, log: Log): Promise<string> {
    const { rules } = this;
    if (this.isLong) return rules.lets ? line : "";
    if (line.length > rules.longest) return overlooked(line, "it is too long", rules, log) ?? "";
    if (isPlain(line)) return line;
    const [ending = ""] = /\r?\n?$/.exec(line) ?? [];
    const edited = await editedRecord(line.slice(0, line.length - ending.length), rules, log);
    return edited === null ? "" : edited + ending;
  }
}
