/** An endpoint that answers with what follows from the request's id, and misbehaves at random. */
import { createServer, type Server, type Socket } from "node:net";
import type { Random } from "../support/random.ts";
import { requestContent, responseContent } from "./content.ts";
import { type Delivery, idempotentMethods } from "./entries.ts";
import { drawFault, type Fault } from "./faults.ts";
import { type Message, MessageParser } from "./message-parser.ts";
import { misbehave, type ResponseParts, whole } from "./misbehave.ts";

export interface EndpointOptions {
  readonly random: Random;
  /** Whether responses carry the X-Request-Id of their request. */
  readonly echo: boolean;
  readonly without: readonly Fault[];
  /** Whether a request that may be repeated may come again after an attempt that failed in any way. */
  readonly retries: boolean;
  /** Deliveries to every endpoint, by id. */
  readonly deliveries: Map<string, Arrival[]>;
}

/** A delivery while its connection may still show what becomes of it. */
export interface Arrival {
  delivery: Delivery;
  /** Whether the endpoint gave the connection up without a byte of response. */
  abandoned: boolean;
  /** What is known of its connection. */
  readonly connection: { sentExtra: boolean };
}

/** One connection carries one request at a time. */
export function createFaultyEndpoint(options: EndpointOptions): Server {
  return createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    new EndpointConnection(socket, options);
  });
}

class EndpointConnection {
  sentExtra = false;
  private readonly socket: Socket;
  private readonly options: EndpointOptions;
  private readonly parser: MessageParser;
  private current: { arrival: Arrival; fault: Fault; answered: boolean } | null = null;

  constructor(socket: Socket, options: EndpointOptions) {
    this.socket = socket;
    this.options = options;
    this.parser = new MessageParser({
      onHead: (startLine, fields) => this.onHead(startLine, fields),
      onMessage: (message) => this.onMessage(message),
    });
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
    socket.on("data", (bytes: Buffer) => this.onData(bytes));
  }

  private onData(bytes: Buffer): void {
    try {
      this.parser.read(bytes);
    } catch (error) {
      this.violate(`unreadable request: ${(error as Error).message}`);
      this.socket.destroy();
    }
  }

  private onHead(startLine: string, fields: ReadonlyMap<string, string>): boolean {
    const [method = "", path = ""] = startLine.split(" ");
    const id = fields.get("x-ledger-id") ?? "";
    const fault = drawFault(this.options.random, this.options.without);
    const previous = this.current;
    const delivery: Delivery = { id, method, fault, violation: "" };
    const arrival: Arrival = { delivery, abandoned: false, connection: this };
    this.current = { arrival, fault, answered: false };
    if (path !== `/entry/${id}`) this.violate(`${startLine} carries the id ${id}`);
    if (previous !== null && !previous.answered) this.violate("sent before the previous answer");
    this.record(id, method, arrival);
    if (fault === "early-response") this.answer(method, fields);
    return true;
  }

  private record(id: string, method: string, arrival: Arrival): void {
    const { deliveries, retries } = this.options;
    const before = deliveries.get(id);
    if (before === undefined) {
      deliveries.set(id, [arrival]);
      return;
    }
    before.push(arrival);
    if (!idempotentMethods.includes(method)) this.violate("delivered twice");
    else if (before.length > (retries ? mostDeliveries : 2)) this.violate("delivered too often");
    else if (!retries && !isReplaceable(before[0]!))
      this.violate("delivered twice while the first was alive");
  }

  private violate(violation: string): void {
    if (this.current === null) return;
    const { arrival } = this.current;
    arrival.delivery = { ...arrival.delivery, violation };
  }

  private onMessage({ startLine, fields, body }: Message): void {
    const [method = ""] = startLine.split(" ");
    const { fault, arrival } = this.current!;
    const expected = ["GET", "HEAD", "DELETE"].includes(method)
      ? Buffer.alloc(0)
      : requestContent(arrival.delivery.id);
    if (!body.equals(expected)) this.violate(`body of ${body.length} bytes is not the one that was sent`);
    if (fault !== "early-response") this.answer(method, fields);
  }

  private answer(method: string, fields: ReadonlyMap<string, string>): void {
    const { arrival, fault } = this.current!;
    const { random } = this.options;
    const { id } = arrival.delivery;
    if (!this.socket.writable) {
      arrival.abandoned = true;
      return;
    }
    const requestId = this.options.echo ? (fields.get("x-request-id") ?? null) : null;
    const parts: ResponseParts = { id, method, requestId, content: responseContent(id) };
    this.current!.answered = true;
    const before = this.socket.bytesWritten;
    if (fault === "none") this.socket.write(whole(parts, random));
    else misbehave(fault, parts, this.socket, random);
    this.sentExtra ||= fault === "extra-behind" || fault === "extra-later";
    // FIN or reset, and nothing before it: such a request may be sent again.
    arrival.abandoned =
      (this.socket.destroyed || this.socket.writableEnded) && this.socket.bytesWritten === before;
  }
}

/** By default: the first attempt, its repetition on a connection of its own, and two retries. */
const mostDeliveries = 4;

/** The proxy may try again when it got nothing, or got a response that was another request's. */
function isReplaceable({ abandoned, connection }: Arrival): boolean {
  return abandoned || connection.sentExtra;
}
