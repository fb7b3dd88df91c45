import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Test } from "tap";
import type { Address } from "../../../core/config/model.ts";
import { Random } from "../../support/random.ts";
import type { Exchange } from "./plan.ts";
import type { Arrival, Run } from "./run.ts";
import { inChunks, sendInPieces } from "./send.ts";
import { fieldOf, StrictReader } from "./strict-reader.ts";

/** Starts a service that answers each exchange as it was planned. */
export async function startService(t: Test, run: Run, name: string): Promise<Address> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    serve(run, name, socket);
  });
  server.listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { host: "127.0.0.1", port: (server.address() as { port: number }).port };
}

function serve(run: Run, service: string, socket: Socket): void {
  let arrival: Arrival | null = null;
  let isAnswered = false;
  const answer = (exchange: Exchange): void => {
    isAnswered = true;
    const times = run.arrivals.get(exchange.id)!.filter((other) => other.service === service).length;
    if (exchange.answer.resets && times === 1) socket.resetAndDestroy();
    else void sendAnswer(socket, exchange);
  };
  const reader = new StrictReader(true, {
    onHead(message) {
      const exchange = run.exchanges.get(fieldOf(message, "x-id") ?? "");
      if (exchange === undefined) {
        run.fault(`${service} got ${message.startLine}, which nobody sent`);
        socket.destroy();
        return false;
      }
      arrival = { service, message, isWhole: false };
      const others = run.arrivals.get(exchange.id) ?? [];
      run.arrivals.set(exchange.id, [...others, arrival]);
      isAnswered = false;
      if (fieldOf(message, "expect") !== null) socket.write("HTTP/1.1 100 Continue\r\n\r\n");
      if (exchange.answer.isEarly) answer(exchange);
      return false;
    },
    onMessage() {
      arrival!.isWhole = true;
      const exchange = run.exchanges.get(fieldOf(arrival!.message, "x-id")!)!;
      if (!isAnswered) answer(exchange);
    },
  });
  socket.on("data", (bytes: Buffer) => {
    try {
      reader.read(bytes);
    } catch (error) {
      run.fault(`${service} got ${(error as Error).message}`);
      socket.destroy();
    }
  });
  socket.on("end", () => socket.end());
  socket.on("error", () => socket.destroy());
}

async function sendAnswer(socket: Socket, { answer, method, seed }: Exchange): Promise<void> {
  const random = new Random(seed ^ 0x5a5a);
  const { kind, body } = answer;
  const closes = answer.closes || kind === "close";
  const fields = closes ? "Connection: close\r\n" : "";
  let text = answer.interim.map((line) => `HTTP/1.1 ${line}\r\nLink: </x>\r\n\r\n`).join("");
  if (kind === "204" || kind === "304") text += `HTTP/1.1 ${kind} None\r\n${fields}\r\n`;
  else {
    const framing = {
      length: `Content-Length: ${body.length}\r\n`,
      chunked: "Transfer-Encoding: chunked\r\n",
      close: "",
    };
    text += `HTTP/1.1 200 OK\r\n${fields}${framing[kind]}\r\n`;
    if (method !== "HEAD")
      text += kind === "chunked" ? inChunks(random, Buffer.from(body, "latin1")).toString("latin1") : body;
  }
  await sendInPieces(random, socket, Buffer.from(text, "latin1"));
  if (closes) socket.end();
}
