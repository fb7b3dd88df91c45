/** A plugin's log lines on their way into the operator's log. */
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import { HostCallError } from "../../sandbox/host/error.ts";
import type { ServicePart } from "../../sandbox/host/services.ts";
import type { GuestFacts, SharedServices } from "../guest/services.ts";
import type { GuestError } from "../outcome.ts";

const levels = ["debug", "info", "warn", "error"] as const;
/** Longer lines are cut, in code units. */
const longestLine = 8 * 1024;

interface Line {
  readonly level?: unknown;
  readonly message?: unknown;
  readonly fields?: unknown;
  /** `script:line:column` of the caller. */
  readonly position?: unknown;
  /** In place of a message: what was thrown where nobody waits for it. */
  readonly fault?: GuestError;
}

export function logOperations(shared: SharedServices, facts: GuestFacts): ServicePart {
  const admit = perSecond(() => facts.limits.logLines, shared.clock.now);
  return {
    handlers: {
      [HostOp.log](text) {
        if (!admit()) {
          facts.status.droppedLogLines++;
          return "";
        }
        write(parse(text), shared, facts);
        return "";
      },
    },
  };
}

function write(line: Line, shared: SharedServices, { plugin, log, mapStack }: GuestFacts): void {
  const level = levels.find((name) => name === line.level) ?? "info";
  const at = mapStack(`at ${String(line.position ?? line.fault?.stack ?? "")}`).top;
  const message = line.fault === undefined ? line.message : `${line.fault.name}: ${line.fault.message}`;
  const text = String(message ?? "").slice(0, longestLine);
  const fields = {
    plugin,
    ...(at !== null && { at: `${at.file}:${at.line}:${at.column}` }),
    ...(isPlain(line.fields) && { fields: line.fields }),
  };
  log[level](fields, text);
  shared.onLogLine?.(plugin, level, text, fields);
}

function parse(text: string): Line {
  if (text.length > 16 * longestLine)
    throw new HostCallError("RangeError", "Cannot log: the line is too long");
  try {
    return JSON.parse(text) as Line;
  } catch {
    throw new HostCallError("TypeError", "Cannot log: the line is malformed");
  }
}

function isPlain(fields: unknown): fields is object {
  return typeof fields === "object" && fields !== null && JSON.stringify(fields).length <= longestLine;
}

/** Whether one more is within the rate. */
function perSecond(most: () => number, now: () => number): () => boolean {
  let second = -1;
  let count = 0;
  return () => {
    const current = Math.floor(now() / 1000);
    if (current !== second) {
      second = current;
      count = 0;
    }
    return ++count <= most();
  };
}
