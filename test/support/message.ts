import type { RawPeer } from "./raw-peer.ts";

/** A message as the test read it, without the help of the code under test. */
export interface Message {
  readonly startLine: string;
  /** Of a response; NaN for a request. */
  readonly status: number;
  /** Names as sent, in order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Chunked coding removed. */
  readonly body: string;
  readonly trailers: readonly (readonly [name: string, value: string])[];
}

/** Values of a field joined with a comma, or null. */
export function field(message: Message, name: string): string | null {
  const values = message.fields.filter(([candidate]) => candidate.toLowerCase() === name);
  return values.length === 0 ? null : values.map(([, value]) => value).join(", ");
}

/** Names of the fields in lower case. */
export function fieldNames(message: Message): string[] {
  return message.fields.map(([name]) => name.toLowerCase());
}

/**
 * Reads the next message.
 *
 * @param peer that sends it
 * @param options `bodyless`: it answers HEAD
 * @throws PeerEnded when the connection ends inside the message
 */
export async function readMessage(
  peer: RawPeer,
  options: { readonly bodyless?: boolean } = {},
): Promise<Message> {
  const head = await readHead(peer);
  if (options.bodyless || [204, 304].includes(head.status) || head.status < 200) return head;
  if (field(head, "transfer-encoding") === "chunked") return { ...head, ...(await readChunks(peer)) };
  const length = field(head, "content-length");
  if (length !== null) return { ...head, body: await peer.takeLength(Number(length)) };
  return Number.isNaN(head.status) ? head : { ...head, body: await peer.takeRest() };
}

/** Reads a start line and fields. */
export async function readHead(peer: RawPeer): Promise<Message> {
  const [startLine = "", ...lines] = (await peer.take("\r\n\r\n")).slice(0, -4).split("\r\n");
  const status = startLine.startsWith("HTTP/") ? Number(startLine.slice(9, 12)) : Number.NaN;
  return { startLine, status, fields: lines.map(splitField), body: "", trailers: [] };
}

async function readChunks(peer: RawPeer): Promise<Pick<Message, "body" | "trailers">> {
  let body = "";
  for (;;) {
    const size = Number.parseInt(await peer.take("\r\n"), 16);
    if (size === 0) return { body, trailers: await readTrailers(peer) };
    body += await peer.takeLength(size);
    await peer.take(/^\r\n/);
  }
}

async function readTrailers(peer: RawPeer): Promise<[string, string][]> {
  const trailers: [string, string][] = [];
  for (;;) {
    const line = (await peer.take("\r\n")).slice(0, -2);
    if (line === "") return trailers;
    trailers.push(splitField(line));
  }
}

function splitField(line: string): [name: string, value: string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}
