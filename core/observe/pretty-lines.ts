import { createRequire } from "node:module";
import { isatty } from "node:tty";
import type { LineSink } from "./line-sink.ts";

/**
 * Turns the JSON lines of pino into lines for people. Runs in the caller's thread; the
 * formatter is loaded on the first use, so that JSON logging does not pay for it.
 */
export function prettyLines(sink: LineSink): LineSink {
  const { prettyFactory } = createRequire(import.meta.url)("pino-pretty") as typeof import("pino-pretty");
  // By default `error` is an error-like key too, and gets a line of its own: in an access record it is a code.
  const common = { colorize: isatty(1), errorLikeObjectKeys: ["err"] };
  const format = prettyFactory({ ...common, ignore: "pid,hostname", singleLine: true });
  const formatRequest = prettyFactory({ ...common, hideObject: true, messageFormat: requestFormat });
  return {
    write(line) {
      const [told, frame] = takeFrame(line);
      const escaped = keepEscapes(told);
      sink.write((told.endsWith(requestEnd) ? formatRequest(escaped) : format(escaped)) + frame);
    },
  };
}

/** How the line of an access record ends: pino writes the message last. */
const requestEnd = '"msg":"request"}\n';

/** What a person looks for first; the JSON lines have the rest. */
const requestFormat =
  "{status} {method} {host}{path} {durationMs} ms, {bytesOut} B{if upstream} from {upstream}{end}{if error}: {error}{end} ({requestId})";

/**
 * How a line begins that may show lines of a source text below it: those of a plugin's author, about what is wrong with it. What
 * plugins log themselves has no frame but inside of its fields, so it stays on one line, and so does what clients send.
 */
const framedStart = /^{"level":"error","time":"[0-9TZ:.-]*","process":"(?:control|data)",/;

/** The line without its code frame and the stack below that, and these as lines of their own. */
function takeFrame(line: string): [line: string, frame: string] {
  if (!framedStart.test(line) || !line.includes('"frame":"')) return [line, ""];
  const { frame, stack, ...others } = JSON.parse(line) as { frame?: unknown; stack?: unknown };
  if (typeof frame !== "string") return [line, ""];
  const [calls, rest] = typeof stack === "string" ? takeCalls(stack) : [[], undefined];
  const told = JSON.stringify({ ...others, stack: rest });
  return [`${told}\n`, [...frame.split("\n"), ...calls].map(showFrameLine).join("")];
}

/** Takes the first frames out of a stack. Its messages are a guest's and may look like anything: they stay in the line. */
function takeCalls(stack: string): [calls: string[], rest: string] {
  const lines = stack.split("\n");
  const isCall = (line: string) => line.startsWith("    at ");
  const start = lines.findIndex(isCall);
  if (start < 0) return [[], stack];
  const length = lines.slice(start).findIndex((line) => !isCall(line));
  const calls = lines.splice(start, length < 0 ? lines.length : length);
  return [calls.map((line) => line.slice(2)), lines.join("\n")];
}

function showFrameLine(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not pass.
  return `    ${line.replace(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd")}\n`;
}

/** JSON escapes of control characters, and the escaped backslashes that must not be taken for one. */
const controlEscape = /\\(?:\\|[bfnrt]|u[0-9a-f]{4})/gi;

/**
 * Without this the formatter would print a line feed or an escape sequence that a client
 * sent, and so let it forge lines or drive the terminal (CWE-117).
 */
function keepEscapes(json: string): string {
  return json.replace(controlEscape, (found) => (found === "\\\\" ? found : `\\${found}`));
}
