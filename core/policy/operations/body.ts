/** What a guest gets of a body at once, and what it wants done with its bytes: `arrivedText`, `limitBody`, `decodeBody`, `encodeBody`. */
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import { HostCallError } from "../../sandbox/host/error.ts";
import type { ServicePart } from "../../sandbox/host/services.ts";
import {
  type ContentCoding,
  codingLevels,
  isContentCoding,
  sandboxedLevels,
} from "../../wire/content-coding.ts";
import type { StageSpec } from "../body/stages.ts";
import type { GuestFacts } from "../guest/services.ts";

/** Nobody encodes a body more often, and each is work for whoever decodes it. */
const mostCodings = 4;
/** In ms. */
const longestPause = 60_000;

export function bodyOperations(facts: GuestFacts): ServicePart {
  return {
    handlers: {
      [HostOp.arrivedText](text) {
        const exchange = facts.exchangeOf(Number(text.slice(2)));
        if (exchange === null) {
          throw new HostCallError("InvalidStateError", "Cannot read the body: its exchange is over");
        }
        const found = exchange.owner.arrivedText(text[0] === "s" ? "s" : "q", exchange.policy);
        return found === null ? "" : ` ${found}`;
      },
      [HostOp.bodyStage](text) {
        const [, side, slot, json] = /^([qs]) (\d{1,9}) (.{1,1000})$/s.exec(text) ?? [];
        const spec = stageFrom(parse(json ?? ""), facts.isSandboxed);
        const exchange = facts.exchangeOf(Number(slot));
        if (exchange === null) {
          throw new HostCallError("InvalidStateError", "Cannot change the body: its exchange is over");
        }
        return exchange.owner.addBodyStage(side as "q" | "s", exchange.policy, spec) ? "1" : "0";
      },
    },
  };
}

function parse(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {}
  throw new HostCallError("TypeError", "Cannot change the body: malformed call");
}

/** @throws HostCallError when the guest asks for something that there is not */
function stageFrom(value: Record<string, unknown>, isSandboxed: boolean): StageSpec {
  const { limit, decode, encode } = value;
  if (limit !== undefined) return { kind: "limit", maxBytes: whole(limit, "maxBytes") };
  if (decode !== undefined) {
    return {
      kind: "decode",
      codings: codingsFrom(decode),
      maxBytes: whole(value["maxBytes"], "maxBytes"),
      maxRatio: ratioFrom(value["maxRatio"]),
    };
  }
  const coding = codingFrom(encode);
  return {
    kind: "encode",
    coding,
    level: Math.min(levelFrom(value["level"], coding), isSandboxed ? sandboxedLevels[coding] : Infinity),
    flushAfter: between(value["flushAfter"], 0, longestPause, "flushAfter"),
  };
}

/** Given as they stand in Content-Encoding: the last one was put on last and comes off first. */
function codingsFrom(value: unknown): readonly ContentCoding[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > mostCodings) {
    throw new HostCallError("TypeError", `Cannot decode the body: expected 1 to ${mostCodings} codings`);
  }
  return value.map(codingFrom).reverse();
}

function codingFrom(value: unknown): ContentCoding {
  if (isContentCoding(value)) return value;
  const known = Object.keys(codingLevels).join(", ");
  throw new HostCallError("TypeError", `Cannot use the coding: it is none of ${known}`);
}

function levelFrom(value: unknown, coding: ContentCoding): number {
  const { least, most, usual } = codingLevels[coding];
  return value === undefined ? usual : between(value, least, most, `level of ${coding}`);
}

function whole(value: unknown, what: string): number {
  return between(value, 0, Number.MAX_SAFE_INTEGER, what);
}

function ratioFrom(value: unknown): number {
  if (typeof value === "number" && value >= 1) return value;
  throw new HostCallError("RangeError", "Cannot use maxRatio: it is no number from 1 on");
}

function between(value: unknown, least: number, most: number, what: string): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new HostCallError("RangeError", `Cannot use ${what}: it is no whole number from ${least} to ${most}`);
}
