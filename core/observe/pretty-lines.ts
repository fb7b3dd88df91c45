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
 * How a line begins that may show lines of a source text below it. Only the control process writes such lines: what
 * clients and plugins make the data process log stays on one line.
 */
const framedStart = /^{"level":"error","time":"[0-9TZ:.-]*","process":"control",/;

/** The line without its code frame, and the frame as lines of their own. */
function takeFrame(line: string): [line: string, frame: string] {
  if (!framedStart.test(line) || !line.includes('"frame":"')) return [line, ""];
  const { frame, ...others } = JSON.parse(line) as { frame?: unknown };
  if (typeof frame !== "string") return [line, ""];
  return [`${JSON.stringify(others)}\n`, frame.split("\n").map(showFrameLine).join("")];
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
