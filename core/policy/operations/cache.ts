/** `ctx.cache`: each plugin has a namespace of its own in the store of the reactor. */
import { HostOp } from "../../../sdk/runtime/host-op.ts";
import { HostCallError } from "../../sandbox/host/error.ts";
import type { ServicePart } from "../../sandbox/host/services.ts";
import { ownText } from "../../store/own-text.ts";
import { ArrivingBody } from "../../store/responses/arriving-body.ts";
import { textBytes } from "../../store/responses/entry-bytes.ts";
import type { Asked } from "../../store/responses/response-store.ts";
import type { LoadedResponse, Words } from "../../store/responses/second-level.ts";
import { type KeptBody, StoredBody } from "../../store/responses/stored-body.ts";
import { BoundedRecording } from "../body/bounded-recording.ts";
import type { GuestFacts, SharedServices } from "../guest/services.ts";
import type { SlotOwner } from "../guest/slots.ts";

/** In code units. A key is a URL and what it varies by. */
const longestKey = 32 * 1024;
const longestMeta = 128 * 1024;
/** Of all tags of a response together, and how many they may be. */
const longestTags = 16 * 1024;
const mostTags = 1024;
/** JSON of a key, a URL and the tags, each character of them escaped. */
const longestHead = 6 * (2 * longestKey + longestTags) + 4 * mostTags;

/** Nothing longer than a part of the store could ever stay in it. */
const longestBody = 1024 * 1024 * 1024;

/** In the place of a response that has to be loaded first. */
const elsewhere = "?";

export function cacheOperations({ responses }: SharedServices, facts: GuestFacts): ServicePart {
  const { handed } = facts;
  // No plugin's name holds a line end.
  const scope = `${facts.plugin}\n`;
  const demand = (key: unknown): string => {
    if (!facts.grants.cache) {
      throw new HostCallError(
        "NotAllowedError",
        "cache is not granted: add `cache: true` to the plugin's capabilities",
      );
    }
    if (typeof key === "string" && key.length <= longestKey) return scope + key;
    throw new HostCallError("TypeError", `Cannot use the key: it is longer than ${longestKey}`);
  };
  /** What nobody knows the age of is as old as this thread. */
  const askedIn = (slot: number): Asked => {
    const exchange = facts.exchangeOf(slot);
    return exchange === null ? { at: 0, by: null } : { at: exchange.owner.askedAt, by: exchange.owner };
  };
  const hand = (body: KeptBody): number => {
    const number = handed.hand(body);
    if (number !== undefined) return number;
    throw new HostCallError("QuotaExceededError", "Too many stored bodies are in use");
  };
  const keep = (described: Words, parts: readonly Buffer[], asked: Asked): string =>
    responses.set({ ...described, body: new StoredBody(parts), staleSince: null }, asked) ? "1" : "0";

  const tell = ({ body, staleSince, isShared, meta }: LoadedResponse): string =>
    `${hand(body)} ${body.length} ${staleSince ?? ""}${isShared ? "s" : ""} ${meta}`;

  return {
    handlers: {
      [HostOp.cacheGet](text) {
        const found = responses.get(demand(text));
        return found === null ? "" : tell(found);
      },
      [HostOp.cacheFind](text) {
        const key = demand(text);
        const found = responses.get(key);
        if (found === null) return responses.isElsewhere(key) ? elsewhere : "";
        return responses.isOutdated(found) && responses.isElsewhere(key) ? elsewhere : tell(found);
      },
      [HostOp.cacheLoad]: async (text) => {
        await responses.load(demand(text));
        return "";
      },
      [HostOp.cacheSlice](text) {
        const [number, start, end] = text.split(" ").map(Number);
        const body = handed.find(number!);
        if (body === undefined) {
          throw new HostCallError("InvalidStateError", "The stored body is not at hand any more");
        }
        return String(hand(body.slice(start!, end!)));
      },
      [HostOp.cacheSet](text, bytes) {
        const { slot, rest } = slotOf(text);
        const described = describe(rest, demand);
        return keep(described, bytes === undefined ? [] : [ownBytes(bytes)], askedIn(slot));
      },
      [HostOp.cacheUpdate](text) {
        const { slot, rest } = slotOf(text);
        const described = describe(rest, demand);
        return responses.update(described, askedIn(slot)) ? "1" : "0";
      },
      [HostOp.cacheDelete]: (text) => (responses.delete(demand(text)) ? "1" : "0"),
      [HostOp.cacheDeleteAll](text) {
        const { slot, rest } = slotOf(text);
        const label = rest.slice(1);
        const key = demand(label);
        if (rest.startsWith("p")) return String(responses.deletePrefix(key));
        const purge = rest.startsWith("t") ? { tag: label } : { url: label };
        return String(responses.purge(scope, purge, false, askedIn(slot)).count);
      },
      [HostOp.cacheRecord](text) {
        const [, slot, most, isEarly, rest] = /^(\d{1,9}) (\d{1,16}) ([01]) (.*)$/s.exec(text) ?? [];
        const described = describe(rest ?? "", demand);
        const exchange = facts.exchangeOf(Number(slot));
        if (exchange === null) {
          throw new HostCallError("InvalidStateError", "Cannot record the body: its exchange is over");
        }
        const kept = Promise.withResolvers<string>();
        const asked: Asked = { at: exchange.owner.askedAt, by: exchange.owner };
        const { owner, policy } = exchange;
        let onArrived: (() => void) | null = null;
        const done = (parts: readonly Buffer[] | null) => {
          const answer = parts === null ? "0" : keep(described, parts, asked);
          onArrived?.();
          kept.resolve(answer);
        };
        const longest = Math.min(Number(most), longestBody);
        const texts = textBytes(described);
        const recording = new BoundedRecording(policy, longest, done, responses.recordings, texts);
        if (!recording.begin()) return kept.promise;
        const length = recordBy(owner, recording);
        if (isEarly === "1" && length !== null) {
          const bytes = recording.share(length, () => owner.onFollowed());
          if (bytes !== null)
            onArrived = responses.announce({ ...described, body: new ArrivingBody(bytes) }, asked);
        }
        return kept.promise;
      },
    },
  };
}

/** @throws HostCallError when the body is on its way already */
function recordBy(owner: SlotOwner, recording: BoundedRecording): number | null {
  try {
    return owner.record(recording);
  } catch (error) {
    recording.cancel();
    throw error;
  }
}

function slotOf(text: string): { readonly slot: number; readonly rest: string } {
  const space = text.indexOf(" ");
  return { slot: Number(text.slice(0, space)), rest: text.slice(space + 1) };
}

/** Reads what sdk/runtime/response-cache.ts writes. */
function describe(text: string, demand: (key: unknown) => string): Words {
  const end = text.indexOf("\n");
  if (text.length - end - 1 > longestMeta) throw tooMuch(`${longestMeta} characters of meta`);
  if (end > longestHead) throw tooMuch(`${longestTags} characters of tags`);
  let head: unknown;
  try {
    head = JSON.parse(text.slice(0, end));
  } catch {
    throw malformed();
  }
  if (!Array.isArray(head)) throw malformed();
  const [key, url, tags, freshFor, usefulFor] = head as unknown[];
  const isUrl = url === null || (typeof url === "string" && url.length <= longestKey);
  if (!isUrl || !Array.isArray(tags) || !tags.every((tag) => typeof tag === "string")) throw malformed();
  if (tags.length > mostTags) throw tooMuch(`${mostTags} tags`);
  if (tags.reduce((sum, tag) => sum + tag.length, 0) > longestTags)
    throw tooMuch(`${longestTags} characters of tags`);
  const fresh = milliseconds(freshFor);
  const useful = milliseconds(usefulFor);
  return {
    ...{ key: demand(key), meta: ownText(text.slice(end + 1)), url, tags },
    ...(fresh !== null && { freshUntil: Date.now() + fresh }),
    ...(useful !== null && { usefulFor: useful }),
  };
}

/** Null: it is not said. JSON has no other numbers than finite ones: for ever is null. */
function milliseconds(seconds: unknown): number | null {
  return typeof seconds === "number" ? Math.max(0, seconds) * 1000 : null;
}

function tooMuch(bound: string): HostCallError {
  return new HostCallError("QuotaExceededError", `Cannot store: more than ${bound}`);
}

/** Of their own memory: a slice would keep the whole of a pool alive. */
function ownBytes(bytes: Uint8Array): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length);
  own.set(bytes);
  return own;
}

function malformed(): HostCallError {
  return new HostCallError(
    "TypeError",
    "Cannot store: expected a key, a URL or none, and a list of texts as tags",
  );
}
