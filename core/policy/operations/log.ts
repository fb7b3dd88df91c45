/** A plugin's log lines on their way into the operator's log. */
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import type { LoggedText } from "../../observe/logged-text.ts";
import { placeText, type SourcePosition } from "../../observe/stack-trace.ts";
import { HostCallError } from "../../sandbox/host/error.ts";
import type { ServicePart } from "../../sandbox/host/services.ts";
import { faultFields, faultStack } from "../fault-stack.ts";
import type { GuestFacts, SharedServices } from "../guest/services.ts";
import type { LogFacts } from "../guest/slots.ts";
import { asGuestError } from "../outcome.ts";

const levels = ["debug", "info", "warn", "error"] as const;
/** Longer lines are cut, in code units. */
const longestLine = 8 * 1024;
/** What is read of a message: without the frames of the runtime it is shorter. */
const longestRead = 2 * longestLine;

interface Line {
  readonly level?: unknown;
  readonly message?: unknown;
  readonly fields?: unknown;
  /** `script:line:column` of the caller. */
  readonly position?: unknown;
  /** Of its exchange; absent: nobody knows. */
  readonly slot?: unknown;
  /** In place of a message: what was thrown where nobody waits for it. */
  readonly fault?: unknown;
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

function write(line: Line, shared: SharedServices, facts: GuestFacts): void {
  const { plugin, log, logged } = facts;
  const level = levels.find((name) => name === line.level) ?? "info";
  const { message, top, more } = line.fault === undefined ? saidIn(line, facts) : thrownAs(line.fault, facts);
  const text = message.slice(0, longestLine);
  const fields = {
    plugin,
    ...factsOf(line, facts),
    ...(top !== null && { at: placeText(top) }),
    ...more,
    ...fieldsOf(line, logged),
  };
  log[level](fields, text);
  shared.onLogLine?.(plugin, level, text, fields);
}

/** Null: it is of no request, or of one that is over. */
function factsOf({ slot }: Line, { exchangeOf }: GuestFacts): LogFacts | null {
  return exchangeOf(Number(slot))?.owner.logFacts() ?? null;
}

interface Told {
  readonly message: string;
  readonly top: SourcePosition | null;
  /** Of a fault. */
  readonly more: object;
}

function saidIn({ message, position }: Line, { mapStack, logged }: GuestFacts): Told {
  const { top } = mapStack(`at ${String(position ?? "")}`);
  return { message: logged.text(String(message ?? "").slice(0, longestRead)), top, more: {} };
}

function thrownAs(told: unknown, { mapStack, logged }: GuestFacts): Told {
  const fault = asGuestError(told);
  const mapped = faultStack(fault, mapStack, logged);
  return { message: `${fault.name}: ${fault.message}`, top: mapped.top, more: faultFields(mapped) };
}

function fieldsOf({ fields }: Line, logged: LoggedText): { fields?: object } {
  if (typeof fields !== "object" || fields === null) return {};
  const json = JSON.stringify(fields);
  return json.length <= longestLine ? { fields: logged.fields(fields, json) } : {};
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
