/** `ctx.cache`: each plugin has a namespace of its own in the store of the reactor. */
import { HostOp } from "../../sdk/runtime/host-op.ts";
import { HostCallError } from "../sandbox/host/error.ts";
import type { ServicePart } from "../sandbox/host/services.ts";
import { StoredBody } from "../store/response-store.ts";
import type { GuestFacts, SharedServices } from "./guest-services.ts";
import { Recording } from "./recording.ts";

/** In code units. A key is a URL and what it varies by. */
const longestKey = 32 * 1024;
const longestMeta = 128 * 1024;
const longestTags = 16 * 1024;

/** Nothing longer than a part of the store could ever stay in it. */
const longestBody = 1024 * 1024 * 1024;

interface Described {
  readonly key: string;
  readonly meta: string;
  readonly tags: readonly string[];
}

export function cacheOperations({ responses }: SharedServices, facts: GuestFacts): ServicePart {
  const { handed } = facts;
  // No plugin's name holds a line end.
  const demand = (key: unknown): string => {
    if (!facts.grants.cache) {
      throw new HostCallError(
        "NotAllowedError",
        "cache is not granted: add `cache: true` to the plugin's capabilities",
      );
    }
    if (typeof key === "string" && key.length <= longestKey) return `${facts.plugin}\n${key}`;
    throw new HostCallError("TypeError", `Cannot use the key: it is longer than ${longestKey}`);
  };
  const hand = (body: StoredBody): number => {
    const number = handed.hand(body);
    if (number !== undefined) return number;
    throw new HostCallError("QuotaExceededError", "Too many stored bodies are in use");
  };
  const keep = ({ key, meta, tags }: Described, parts: readonly Buffer[]): string =>
    responses.set({ key, meta, tags, body: new StoredBody(parts) }) ? "1" : "0";

  return {
    handlers: {
      [HostOp.cacheGet](text) {
        const found = responses.get(demand(text));
        return found === null ? "" : `${hand(found.body)} ${found.body.length} ${found.meta}`;
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
        const described = describe(text, demand);
        return keep(described, bytes === undefined ? [] : [Buffer.from(bytes)]);
      },
      [HostOp.cacheUpdate](text) {
        const described = describe(text, demand);
        const found = responses.get(described.key);
        return found === null ? "0" : keep(described, found.body.parts);
      },
      [HostOp.cacheDelete]: (text) => (responses.delete(demand(text)) ? "1" : "0"),
      [HostOp.cacheDeleteAll](text) {
        const rest = text.slice(1);
        if (text.startsWith("t")) return String(responses.deleteTag(demand(rest)));
        return String(responses.deletePrefix(demand(rest)));
      },
      [HostOp.cacheRecord](text) {
        const [, slot, most, rest] = /^(\d{1,9}) (\d{1,16}) (.*)$/s.exec(text) ?? [];
        const described = describe(rest ?? "", demand);
        const exchange = facts.exchangeOf(Number(slot));
        if (exchange === null) {
          throw new HostCallError("InvalidStateError", "Cannot record the body: its exchange is over");
        }
        const kept = Promise.withResolvers<string>();
        const done = (parts: readonly Buffer[] | null) =>
          kept.resolve(parts === null ? "0" : keep(described, parts));
        exchange.owner.record(new Recording(exchange.policy, Math.min(Number(most), longestBody), done));
        return kept.promise;
      },
    },
  };
}

/** Reads what sdk/runtime/response-cache.ts writes. */
function describe(text: string, demand: (key: unknown) => string): Described {
  const end = text.indexOf("\n");
  let head: unknown;
  try {
    head = JSON.parse(text.slice(0, end));
  } catch {
    throw malformed();
  }
  if (!Array.isArray(head)) throw malformed();
  const [key, tags] = head as unknown[];
  const meta = text.slice(end + 1);
  if (meta.length > longestMeta || end > longestKey * 6 + longestTags * 6) {
    throw new HostCallError(
      "QuotaExceededError",
      `Cannot store: more than ${longestMeta} characters of meta, or of tags`,
    );
  }
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === "string")) throw malformed();
  return { key: demand(key), meta, tags: tags.map((tag) => demand(tag)) };
}

function malformed(): HostCallError {
  return new HostCallError("TypeError", "Cannot store: expected a key, and a list of texts as tags");
}
