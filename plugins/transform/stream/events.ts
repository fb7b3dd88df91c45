import type { Log } from "../body.ts";
import type { StreamPart } from "./part.ts";
import { editedRecord, isPlain, overlooked, type RecordRules } from "./record.ts";

/**
 * Edits the data of events that is JSON (https://html.spec.whatwg.org/multipage/server-sent-events.html). Other fields, and comments
 * that keep a connection alive, pass as they are.
 */
export class EventEditor implements StreamPart {
  private readonly rules: RecordRules;
  private held = "";
  /** Lines of the event at hand, without what ends them. */
  private lines: string[] = [];
  private size = 0;
  /** Whether an event goes by that is too long. */
  private isLong = false;
  /** Whether the beginning of its line has gone by. */
  private isMidLine = false;

  constructor(rules: RecordRules) {
    this.rules = rules;
  }

  async push(text: string, isLast: boolean, log: Log): Promise<string> {
    const all = this.held + text;
    // A carriage return at the end may be half of a line break.
    const pieces = (isLast || !all.endsWith("\r") ? all : all.slice(0, -1)).split(/\r\n|\n|\r/);
    this.held = pieces.pop()! + (isLast || !all.endsWith("\r") ? "" : "\r");
    let made = "";
    if (this.isMidLine && pieces.length > 0) {
      const rest = pieces.shift()!;
      if (this.rules.lets) made += `${rest}\n`;
      this.isMidLine = false;
    }
    for (const line of pieces) made += await this.line(line, log);
    if (isLast && this.held !== "") made += await this.line(this.held, log);
    if (isLast) return made + (await this.event(log));
    if (this.size + this.held.length > this.rules.longest) made += this.tooLong(log);
    if (!this.isLong) return made;
    if (this.held === "") return made;
    if (this.rules.lets) made += this.held;
    this.held = "";
    this.isMidLine = true;
    return made;
  }

  private async line(line: string, log: Log): Promise<string> {
    if (line === "") {
      const made = await this.event(log);
      const isWhole = !this.isLong;
      this.isLong = false;
      return isWhole || this.rules.lets ? `${made}\n` : made;
    }
    if (this.isLong) return this.rules.lets ? `${line}\n` : "";
    // A comment outside of an event goes on at once.
    if (line.startsWith(":") && this.lines.length === 0) return `${line}\n`;
    this.lines.push(line);
    this.size += line.length + 1;
    return this.size > this.rules.longest ? this.tooLong(log) : "";
  }

  private tooLong(log: Log): string {
    if (this.isLong) return "";
    const whole = this.lines.map((line) => `${line}\n`).join("");
    this.isLong = true;
    this.lines = [];
    this.size = 0;
    return overlooked(whole, "an event is too long", this.rules, log) ?? "";
  }

  private async event(log: Log): Promise<string> {
    const { lines } = this;
    if (lines.length === 0) return "";
    this.lines = [];
    this.size = 0;
    const data = lines.map(dataOf).filter((value) => value !== null);
    const whole = lines.map((line) => `${line}\n`).join("");
    const text = data.join("\n");
    if (data.length === 0 || isPlain(text)) return whole;
    const edited = await editedRecord(text, this.rules, log);
    // An event without its data would be another one.
    if (edited === null) return "";
    if (edited === text) return whole;
    const first = lines.findIndex((line) => dataOf(line) !== null);
    const kept = lines.map((line, index) =>
      index === first ? dataLines(edited) : dataOf(line) === null ? line : null,
    );
    return kept
      .filter((line) => line !== null)
      .map((line) => `${line}\n`)
      .join("");
  }
}

/** Null: it is another field. */
function dataOf(line: string): string | null {
  if (line === "data") return "";
  if (!line.startsWith("data:")) return null;
  return line.slice(line[5] === " " ? 6 : 5);
}

/** What could not be edited may have more than one line. */
function dataLines(text: string): string {
  return text
    .split("\n")
    .map((line) => `data: ${line}`)
    .join("\n");
}
