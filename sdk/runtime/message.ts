/**
 * What crosses the boundary between host and guest: one text in, one text out.
 *
 * **In** come messages, one behind the other, each of `messageParts` parts with a `separator` between any two:
 *
 *     KIND NUMBER CONTEXT PAYLOAD
 *
 * KIND is one character of `MessageKind`; NUMBER holds the slot and the flags (`messageNumber`). A *slot* stands for
 * one exchange in one guest, until the message that has `MessageFlag.last` or is `end`. The context, which begins with
 * the number of the plugin's instance, comes with the first message of a slot. No part holds a separator: heads and names
 * have no control characters, and JSON escapes them; the host sends no message where that is not so (`isPart`). Answers
 * to operations may hold anything, so `complete` has
 * a form of its own and enters alone: KIND, separator, number of the operation, separator, answer (or
 * the bytes of the dispatch are the answer).
 *
 * **Out** go outcomes, one for each message that expects one, in their order. Each begins with a
 * character of `OutcomeKind`. A handler that goes on after the entry answers `pending` first and delivers
 * its outcome later, as the text of the host call `outcome`: behind the number that this `pending` had among all of the guest's, and
 * a blank. A guest that has been inside for `longestEntryMs` may leave
 * messages for the next entry: those behind the last outcome are given to it again.
 */
export const separator = "\x01";
export const messageParts = 4;

/** A text, or a number where NUMBER stands. */
export type MessagePart = string | number;

/** Whether a text can be a part: with a separator in it the rest would be messages that nobody sent. */
export function isPart(text: string): boolean {
  return !text.includes(separator);
}

/** Divides parts of one line that may hold spaces. */
export const mark = "\x02";

/** How long a guest goes on to the next message of an entry, in ms: other requests wait meanwhile. */
export const longestEntryMs = 10;

/** Names of endpoints that may be avoided in one attempt. */
export const mostAvoided = 256;

/** Bytes of a part of a body that a guest streams. The host holds one for as long as its client takes to read it. */
export const longestPulledPart = 64 * 1024;

/** Length of an outcome that the host may be asked to remember. */
export const longestRemembered = 1024;

const flagBits = 3;

/** The slot of no exchange: what an exchange that is over calls its own. */
export const noSlot = 2 ** 28 - 1;

/** @param flags bits of `MessageFlag` */
export function messageNumber(slot: number, flags: number): number {
  return (slot << flagBits) | flags;
}

export function slotOf(messageNumber: number): number {
  return messageNumber >> flagBits;
}

export const MessageKind = {
  /** Payload: JSON of a `PolicySetup`. Makes an instance and runs `setup`. */
  setup: "I",
  /** Asks for the manifest. */
  manifest: "M",
  /** Payload: JSON of patterns of the config's schema, each with the texts that it is to be matched with. */
  match: "R",
  teardown: "T",
  /** Asks how many promises that `ctx.waitUntil` was given are pending. */
  work: "W",
  /** Payload: name of a cluster, as JSON. Runs `discover`. */
  discover: "E",
  /** Payload: an empty line, which ends in `\n`, and field lines. */
  request: "Q",
  /**
   * Payload: `ATTEMPT ENDPOINT CLUSTER METHOD URL\n` and field lines. ENDPOINT alone may hold blanks. An attempt after one that failed is `NUMBER!`; behind
   * the URL of one that is not the first stand `mark`, the endpoint that was asked before, `mark` and its cluster.
   */
  upstream: "U",
  /**
   * Payload: `STATUS REASON\n` or `STATUS!CODE REASON\n` and field lines. Where an endpoint was asked `mark`, its name, `mark` and
   * that of its cluster stand behind the reason.
   */
  response: "S",
  /** A part of a body: the bytes of the dispatch. */
  requestBody: "q",
  responseBody: "s",
  /** Payload: JSON of a log record. */
  log: "L",
  /** The exchange is over; payload: why, for `ctx.signal`; empty when it ended well. */
  end: "D",
  /** An operation is done. */
  complete: "K",
  /** The host wants the next part of a body that the guest streams. */
  pull: "P",
} as const;

export const MessageFlag = {
  /** Nothing more will be asked of this slot. */
  last: 1,
  /** This is the end of the body; there may be bytes in it still. */
  endOfBody: 4,
} as const;

export const OutcomeKind = {
  /** Go on; nothing was changed. */
  unchanged: "c",
  /** The outcome follows by host call. */
  pending: "p",
  /**
   * `eADDED REMOVED JSON\n` and the added field lines: ADDED is their length, REMOVED names of fields, JSON an `Edits`. Where the body
   * was replaced by a text, ADDED is `LENGTH+BODY`, and the text follows the lines: it has the length BODY.
   */
  edited: "e",
  /** `mKIND` and an `edited` one, without an `Edits`: the host is to remember it as the last for messages of this kind. */
  remembered: "m",
  /** `aKIND`: what is remembered of that kind, again. Both stand only in what an entry returns. */
  again: "a",
  /** `rFIELDS BODY STATUS REASON\n`, field lines, body text. BODY is a length, or one of `BodyForm`. */
  reply: "r",
  /** `fLENGTH\n` and JSON of a `FaultText`. */
  fault: "f",
  /** `jLENGTH\n` and JSON: a manifest, or a list of `EndpointText`. */
  json: "j",
  /** `bLENGTH ACTION\n` and text: a part of a body; ACTION is one of `ChunkAction`. */
  chunk: "b",
} as const;

/** In place of the length of a body that is no text. */
export const BodyForm = {
  none: -1,
  /** Bytes, given by the host call `outcome` that carries them. */
  bytes: -2,
  /** To be pulled part by part. */
  stream: -3,
  /** The body of the message at hand goes on as it came. */
  original: -4,
  /** And below: `stored - N` is the stored body with the number N. */
  stored: -1000,
} as const;

export const ChunkAction = {
  keep: 0,
  drop: 1,
  /** The text of the outcome stands in its place. */
  text: 2,
  /** The bytes of the host call stand in its place. */
  bytes: 3,
  /** A bit: the body ends behind it. */
  end: 8,
} as const;

/** What a handler changed beside fields. */
export interface Edits {
  readonly method?: string;
  readonly url?: string;
  readonly status?: number;
  readonly reason?: string;
  readonly cluster?: string;
  /** Null: the balancer is to choose. */
  readonly endpoint?: string | null;
  readonly hashKey?: string;
  /** Endpoints that are not to be chosen, and what follows when there are no others. */
  readonly avoid?: readonly string[];
  readonly whenAll?: "ask" | "refuse" | { readonly cluster: string };
  readonly prefer?: string;
  /** An `Identity`, or null. */
  readonly identity?: object | null;
  readonly priority?: number;
  readonly requestId?: string;
  /** Of a response: whether the client gets the id of its request. */
  readonly tellsRequestId?: boolean;
  /** The body was replaced: by bytes, or by a text that comes beside this. */
  readonly body?: string | typeof BodyForm.bytes;
}

export interface FaultText {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** Its cause and the errors inside of it, with theirs; empty: there are none. */
  readonly reasons: string;
}

/** What an instance is made of. */
export interface PolicySetup {
  readonly name: string;
  readonly config: unknown;
  /** Values of the granted variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Names of all granted variables, set or not. */
  readonly envNames: readonly string[];
  /** Names of routes, by number: contexts refer to them. */
  readonly routes: readonly string[];
  /** Their clusters; null where a route has not one. */
  readonly clusters: readonly (string | null)[];
  /** Wall time of one phase, in ms. */
  readonly wallMs: number;
}

/** An endpoint that `discover` found: what it said of address, weight, zone and priority; null: nothing. */
export type EndpointText = readonly [address: unknown, weight: unknown, zone: unknown, priority: unknown];

/** Endpoints that `discover` may find. */
export const mostDiscovered = 4096;

/** What a plugin says of itself. */
export interface ManifestText {
  readonly name: string | null;
  readonly description: string | null;
  readonly phases: readonly string[];
  readonly discovers: boolean;
  readonly config: unknown;
  readonly capabilities: unknown;
  readonly limits: unknown;
  readonly onFailure: unknown;
  /** All that it has, by name: what `typeof` says of each. */
  readonly members: Readonly<Record<string, string>>;
  /** How the text of each of its functions begins, by name. */
  readonly sources: Readonly<Record<string, string>>;
}

/** Phases in which a plugin sees messages, in their order. */
export const phaseNames = [
  "onRequest",
  "onRequestBody",
  "onUpstream",
  "onResponse",
  "onResponseBody",
  "onLog",
] as const;

export type PhaseName = (typeof phaseNames)[number];

/** Members of a plugin that are functions. */
export const functionNames = [...phaseNames, "setup", "discover", "teardown", "state"] as const;

/** Handlers of which each call is an exchange of its own with the guest. */
export type HandlerName = PhaseName | "discover";
