/** The part of a suite that is bundled with its checks and runs inside the realm that they judge. */
import { bindErrors, bindHost, settle } from "../../../sdk/runtime/host.ts";
import { makeHostError } from "../../../sdk/runtime/host-error.ts";
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import { type Check, turns } from "./check.ts";

/** Carries a host call out as JSON, and its answer in. */
export type Bridge = (call: string) => string;

export interface CheckResult {
  readonly title: string;
  readonly error: string | null;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly position: string;
}

/** The clock of the guest, moved by the checks. */
export const clock = { now: 0 };
/** Lines that the guest wrote. */
export const logged: LogLine[] = [];
/** Timers that the host has armed, by their call. */
export const armed = new Map<number, number>();

export async function runChecks(bridge: Bridge, checks: readonly Check[]): Promise<void> {
  bindErrors(makeHostError);
  bindHost((op, id, text, bytes) => answer(bridge, op, id, text, bytes));
  const results: CheckResult[] = [];
  for (const { title, run } of checks) results.push({ title, error: await failureOf(run) });
  bridge(JSON.stringify({ results }));
}

/** Lets time pass; what is due is told in order. */
export async function pass(ms: number): Promise<void> {
  const end = clock.now + ms;
  for (let next = firstDue(); next !== null && next[1] <= end; next = firstDue()) {
    const [id, due] = next;
    clock.now = Math.max(clock.now, due);
    armed.delete(id);
    settle(id, "=");
    await turns(10);
  }
  clock.now = end;
  await turns(10);
}

async function failureOf(run: Check["run"]): Promise<string | null> {
  logged.length = 0;
  try {
    await run();
    return null;
  } catch (error) {
    return `${String(error)}\n${(error as Error | undefined)?.stack ?? ""}`;
  }
}

function firstDue(): [number, number] | null {
  let first: [number, number] | null = null;
  for (const entry of armed) if (first === null || entry[1] < first[1]) first = entry;
  return first;
}

function answer(
  bridge: Bridge,
  op: number,
  id: number,
  text: string,
  bytes: Uint8Array | undefined,
): string | Uint8Array | undefined {
  switch (op) {
    case HostOp.now:
      return `=${clock.now}`;
    case HostOp.log:
      logged.push(JSON.parse(text) as LogLine);
      return "=";
    case HostOp.timer:
      armed.set(id, clock.now + Number(text));
      return undefined;
    case HostOp.cancel:
      armed.delete(id);
      return "=";
    default: {
      const call = JSON.stringify({ op, text, bytes: bytes === undefined ? null : [...bytes] });
      const result = JSON.parse(bridge(call)) as { text?: string; bytes?: number[] };
      return result.text ?? Uint8Array.from(result.bytes!);
    }
  }
}
