import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Test } from "tap";

export type RecordType = "A" | "AAAA" | "SRV" | "CNAME";

/** One resource record: what it says, and for how many seconds. */
export interface DnsRecord {
  readonly type: RecordType;
  readonly ttl: number;
  /** `10.0.0.1`, `fd00::1`, `priority weight port target`, or a name. */
  readonly data: string;
}

/** How a name is answered when it has no records to answer with. */
export type Behaviour = "no-such-name" | "server-failure" | "refused" | "silence" | "garbage";

const types: Readonly<Record<RecordType, number>> = { A: 1, CNAME: 5, AAAA: 28, SRV: 33 };
/** Response codes of RFC 1035 section 4.1.1. */
const codes: Partial<Record<Behaviour, number>> = { "server-failure": 2, "no-such-name": 3, refused: 5 };
/** RFC 1035 section 4.2.1: a longer message is truncated, and asked for by TCP. */
const longestDatagram = 512;

interface Question {
  readonly name: string;
  readonly type: number;
  /** As it stands in the message. */
  readonly bytes: Buffer;
}

/** A small authoritative name server (RFC 1035, RFC 2782) over UDP and TCP. */
export class DnsServer {
  /** `TYPE name`, in order. */
  readonly queries: string[] = [];
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #connections = new Set<Socket>();
  readonly #names = new Map<string, readonly DnsRecord[] | Behaviour>();
  readonly #silent: (() => void)[] = [];

  private constructor(udp: UdpSocket, tcp: Server) {
    this.#udp = udp;
    this.#tcp = tcp;
    udp.on("message", (query, { port, address }) => {
      const answer = this.#answer(query, longestDatagram);
      if (answer !== null) udp.send(answer, port, address);
    });
    tcp.on("connection", (socket) => this.#serve(socket));
  }

  static async start(t: Test): Promise<DnsServer> {
    for (;;) {
      const tcp = createServer();
      await once(tcp.listen(0, "127.0.0.1"), "listening");
      const udp = createSocket("udp4");
      const bound = await new Promise<boolean>((resolve) => {
        udp.once("error", () => resolve(false));
        udp.bind((tcp.address() as AddressInfo).port, "127.0.0.1", () => resolve(true));
      });
      const server = new DnsServer(udp, tcp);
      if (!bound) {
        tcp.close();
        continue;
      }
      t.teardown(() => server.close());
      return server;
    }
  }

  /** For a resolver. */
  get address(): string {
    return `127.0.0.1:${this.#udp.address().port}`;
  }

  /** @param name or `TYPE name`, for questions of one type alone */
  set(name: string, answer: readonly DnsRecord[] | Behaviour): void {
    this.#names.set(name.toLowerCase(), answer);
  }

  /** Resolves when a query came that is not answered. */
  untilSilent(): Promise<void> {
    return new Promise((resolve) => this.#silent.push(resolve));
  }

  close(): void {
    this.#udp.close();
    this.#tcp.close();
    for (const socket of this.#connections) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#connections.add(socket);
    socket.on("close", () => this.#connections.delete(socket)).on("error", () => {});
    let pending: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0);
        const answer = this.#answer(pending.subarray(2, end), 65_535);
        pending = pending.subarray(end);
        if (answer !== null) socket.write(Buffer.concat([uint16(answer.length), answer]));
      }
    });
  }

  #answer(query: Buffer, longest: number): Buffer | null {
    const question = readQuestion(query);
    const type = Object.entries(types).find(([, number]) => number === question.type)?.[0] ?? "?";
    this.queries.push(`${type} ${question.name}`);
    const known =
      this.#names.get(`${type} ${question.name}`.toLowerCase()) ??
      this.#names.get(question.name) ??
      "no-such-name";
    if (known === "silence") {
      for (const resolve of this.#silent.splice(0)) resolve();
      return null;
    }
    // The right identifier, so that it is taken for an answer, and then nothing that reads.
    if (known === "garbage") return Buffer.concat([query.subarray(0, 2), Buffer.alloc(40, 0xff)]);
    if (typeof known === "string") return message(query, question, codes[known]!, []);
    const records = this.#follow(question.name, known, type);
    const whole = message(query, question, 0, records);
    return whole.length <= longest ? whole : message(query, question, 0, [], true);
  }

  /** The records of a type, behind an alias too. */
  #follow(name: string, records: readonly DnsRecord[], type: string): Buffer[] {
    const alias = records.find((record) => record.type === "CNAME");
    if (alias === undefined) {
      return records.filter((record) => record.type === type).map((record) => encode(name, record));
    }
    const behind = this.#names.get(alias.data);
    return [encode(name, alias), ...(Array.isArray(behind) ? this.#follow(alias.data, behind, type) : [])];
  }
}

function readQuestion(query: Buffer): Question {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  const end = at + 5;
  const name = labels.join(".").toLowerCase();
  return { name, type: query.readUInt16BE(at + 1), bytes: query.subarray(12, end) };
}

function message(
  query: Buffer,
  { bytes }: Question,
  code: number,
  answers: readonly Buffer[],
  isTruncated = false,
): Buffer {
  // A response, authoritative; recursion as it was asked for and to be had.
  const flags = 0x8400 | (isTruncated ? 0x0200 : 0) | (query.readUInt16BE(2) & 0x0100) | 0x0080 | code;
  const counts = [1, answers.length, 0, 0].map(uint16);
  return Buffer.concat([query.subarray(0, 2), uint16(flags), ...counts, bytes, ...answers]);
}

function encode(name: string, { type, ttl, data }: DnsRecord): Buffer {
  const seconds = Buffer.alloc(4);
  seconds.writeUInt32BE(ttl);
  const value = encodeData(type, data);
  return Buffer.concat([
    encodeName(name),
    uint16(types[type]),
    uint16(1),
    seconds,
    uint16(value.length),
    value,
  ]);
}

function encodeData(type: RecordType, data: string): Buffer {
  if (type === "A") return Buffer.from(data.split(".").map(Number));
  if (type === "AAAA") return encodeAddress(data);
  if (type === "CNAME") return encodeName(data);
  const [priority, weight, port, target] = data.split(" ");
  return Buffer.concat([
    ...[priority, weight, port].map((part) => uint16(Number(part))),
    encodeName(target!),
  ]);
}

function encodeAddress(text: string): Buffer {
  const [head = [], tail = []] = text
    .split("::")
    .map((half) => half.split(":").filter((group) => group !== ""));
  const zeros = Array<string>(8 - head.length - tail.length).fill("0");
  return Buffer.concat([...head, ...zeros, ...tail].map((group) => uint16(Number.parseInt(group, 16))));
}

function encodeName(name: string): Buffer {
  const labels = name.split(".").filter((label) => label !== "");
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, "latin1")])),
    Buffer.from([0]),
  ]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
