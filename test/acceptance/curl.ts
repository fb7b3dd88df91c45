import { spawn } from "node:child_process";
import { once } from "node:events";
import { buffer, text } from "node:stream/consumers";

/** A response as curl prints it with `--include`. */
export interface CurlAnswer {
  readonly status: number;
  /** Names in lower case; values of one name joined with a comma. */
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Runs curl to its end.
 *
 * @param input sent as its standard input
 * @returns its standard output
 * @throws Error with what curl said when it fails
 */
export async function curl(args: readonly string[], input?: Uint8Array): Promise<string> {
  const child = spawn("curl", ["--silent", "--show-error", "--max-time", "30", ...args]);
  // Whether curl took its whole input is for curl to say.
  child.stdin.on("error", () => {}).end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    buffer(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  if (code !== 0) throw new Error(`curl ${args.join(" ")} ended with ${code}: ${stderr}`);
  return stdout.toString("latin1");
}

/** The last response to a request of curl, interim ones left out. */
export async function ask(args: readonly string[]): Promise<CurlAnswer> {
  return parseAnswer(await curl(["--include", ...args]));
}

/** What an answer tells its reader: not how it was framed, and not who passed it on or when. */
export function content({ status, fields, body }: CurlAnswer): CurlAnswer {
  const ofTheHop = ["connection", "keep-alive", "transfer-encoding", "via", "date"];
  const kept = Object.entries(fields).filter(([name]) => !ofTheHop.includes(name));
  return { status, fields: Object.fromEntries(kept), body };
}

function parseAnswer(output: string): CurlAnswer {
  const end = output.indexOf("\r\n\r\n");
  const [startLine = "", ...lines] = output.slice(0, end).split("\r\n");
  const status = Number(startLine.split(" ")[1]);
  const rest = output.slice(end + 4);
  if (status < 200 && status !== 101) return parseAnswer(rest);
  return { status, fields: parseFields(lines), body: rest };
}

function parseFields(lines: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    fields[name] = name in fields ? `${fields[name]}, ${value}` : value;
  }
  return fields;
}
