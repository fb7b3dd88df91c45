import { isAbsolute, posix } from "node:path";
import { originalPositionFor, sourceContentFor, TraceMap } from "@jridgewell/trace-mapping";
import { printable } from "./printable.ts";

/** A stack of this length says enough, in UTF-16 code units. */
const longestStack = 64 * 1024;
const mostFrames = 50;

/** A place in the author's text. */
export interface SourcePosition {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 code units. */
  readonly column: number;
  /** The whole text of the file; null when the map does not hold it. */
  readonly source: string | null;
}

export interface MappedStack {
  /** The message and the frames of the author's code, one a line. */
  readonly text: string;
  /** The frame nearest to the error that is the author's own and not a package's; if none is, a package's. */
  readonly top: SourcePosition | null;
}

export interface StackMapperOptions {
  /** Name of the plugin's script in stack traces: `sluice:plugin/tenant`. */
  readonly script: string;
  /** Put before the names of files, which are seen from the folder of plugins. */
  readonly folder?: string;
}

export type StackMapper = (stack: string) => MappedStack;

interface ScriptPosition {
  readonly line: number;
  readonly column: number;
}

/**
 * Translates stack traces of a compiled plugin, of V8 and of QuickJS, to the files of its author. Frames of
 * the guest runtime and of the host are left out: they help nobody, and paths of the host are not for guests'
 * messages. The text is the guest's own and may hold anything: at most 64 KiB of it are read and 50
 * frames shown, and control characters do not pass.
 *
 * @param map source map of the plugin; decoded with the first stack
 *
 * @example
 * const mapStack = createStackMapper(compiled.map, { script: "sluice:plugin/tenant", folder: "plugins" });
 * mapStack("TypeError: x is undefined\n    at onRequest (sluice:plugin/tenant:31:9)").text;
 * // "TypeError: x is undefined\n    at onRequest (plugins/10-tenant.ts:7:5)"
 */
export function createStackMapper(map: string, options: StackMapperOptions): StackMapper {
  let trace: TraceMap | undefined;
  const originalOf = (position: ScriptPosition): SourcePosition | null => {
    trace ??= new TraceMap(map);
    return authorPosition(trace, position, options.folder ?? "");
  };
  return (stack) => mapStack(stack.slice(0, longestStack), options.script, originalOf);
}

function mapStack(
  stack: string,
  script: string,
  originalOf: (position: ScriptPosition) => SourcePosition | null,
): MappedStack {
  const shown: string[] = [];
  let frames = 0;
  let top: SourcePosition | null = null;
  for (const line of stack.split("\n")) {
    const frame = line.trimStart();
    if (!frame.startsWith("at ")) {
      // What follows the first frame is no message any more, whatever the guest put there.
      if (frames === 0) shown.push(printable(line));
      continue;
    }
    if (++frames > mostFrames) break;
    const position = scriptPosition(frame, script);
    const original = position === null ? null : originalOf(position);
    if (original === null) {
      if (isNative(frame)) shown.push(`    ${printable(frame)}`);
      continue;
    }
    shown.push(`    ${printable(frameText(frame, original))}`);
    if (top === null || (isPackage(top) && !isPackage(original))) top = original;
  }
  return { text: shown.join("\n").trimEnd(), top };
}

/** The innermost place in the script that a frame names; frames of eval name the place that called it. */
function scriptPosition(frame: string, script: string): ScriptPosition | null {
  const start = frame.lastIndexOf(`${script}:`);
  if (start < 0) return null;
  const digits = /^(\d{1,9}):(\d{1,9})(?!\d)/.exec(
    frame.slice(start + script.length + 1, start + script.length + 32),
  );
  if (digits === null || digits[1] === "0" || digits[2] === "0") return null;
  return { line: Number(digits[1]), column: Number(digits[2]) };
}

function authorPosition(
  trace: TraceMap,
  { line, column }: ScriptPosition,
  folder: string,
): SourcePosition | null {
  const found = originalPositionFor(trace, { line, column: column - 1 });
  if (found.source === null) return null;
  const file = isAbsolute(found.source) ? found.source : posix.join(folder, found.source);
  return { file, line: found.line, column: found.column + 1, source: sourceContentFor(trace, found.source) };
}

function frameText(frame: string, { file, line, column }: SourcePosition): string {
  const place = `${file}:${line}:${column}`;
  const open = frame.indexOf(" (");
  if (open > 0) return `${frame.slice(0, open)} (${place})`;
  return frame.startsWith("at async ") ? `at async ${place}` : `at ${place}`;
}

/** `at Array.map (<anonymous>)` of V8, `at map (native)` of QuickJS. */
function isNative(frame: string): boolean {
  return /^at [\w$.<> [\]]{1,200} \((?:<anonymous>|native)\)$/.test(frame.trimEnd());
}

function isPackage({ file }: SourcePosition): boolean {
  return file.includes("node_modules/");
}

/** `file:line:column`. */
export function placeText(position: SourcePosition | null): string | null {
  return position === null ? null : `${position.file}:${position.line}:${position.column}`;
}
