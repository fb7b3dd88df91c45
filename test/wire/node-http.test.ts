/** Where a message ends is where Node's own parser, a second opinion, says it ends. */
import { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, request as startRequest } from "node:http";
import { Duplex } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import t from "tap";
import { defaultLimits } from "../../core/config/defaults.ts";
import { escapeBytes } from "./escapes.ts";
import { request, response } from "./messages.ts";
import { mutated } from "./mutations.ts";
import { holds } from "./property.ts";
import { type Direction, replay } from "./replay.ts";

/** What both parsers can say of a connection. */
interface Reading {
  /** One line per complete message. */
  readonly messages: string[];
  readonly refused: boolean;
}

/** A socket whose other end is the test. */
class PeerlessSocket extends Duplex {
  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

const requests = fc
  .array(request, { minLength: 1, maxLength: 3 })
  .map((messages) => messages.map(({ text }) => text).join(""));
const responses = response.map(({ text }) => text);

t.test("Requests as they should be end where node:http says they end", async (t) => {
  const property = fc.asyncProperty(requests, async (text) => {
    const node = await readRequestsWithNode(text);
    return !node.refused && node.messages.length > 0 && agree(readHere("request", text, false), node);
  });
  await holds(t, property, 1000);
});

t.test("Spoiled requests end where node:http says they end, if it accepts them", async (t) => {
  const property = fc.asyncProperty(mutated(requests), async (text) => {
    return agree(readHere("request", text, false), await readRequestsWithNode(text));
  });
  await holds(t, property, 6000);
});

t.test("A response as it should be ends where node:http says it ends", async (t) => {
  const property = fc.asyncProperty(responses, async (text) => {
    const node = await readResponseWithNode(text);
    return !node.refused && node.messages.length === 1 && agree(readHere("response", text, true), node);
  });
  await holds(t, property, 1000);
});

t.test("A spoiled response ends where node:http says it ends, if it accepts it", async (t) => {
  const property = fc.asyncProperty(mutated(responses), async (text) => {
    return agreeOnFirst(readHere("response", text, true), await readResponseWithNode(text));
  });
  await holds(t, property, 6000);
});

/** Messages that both read are the same; unless one refuses something, they are also as many. */
function agree(here: Reading, node: Reading): boolean {
  const common = Math.min(here.messages.length, node.messages.length);
  for (let i = 0; i < common; i++) if (here.messages[i] !== node.messages[i]) return false;
  return here.refused || node.refused || here.messages.length === node.messages.length;
}

/** Node's client reads one response and leaves the rest. */
function agreeOnFirst(here: Reading, node: Reading): boolean {
  const [mine] = here.messages;
  const [theirs] = node.messages;
  if (mine === undefined || theirs === undefined) return here.refused || node.refused || mine === theirs;
  return mine === theirs;
}

function readHere(direction: Direction, text: string, closes: boolean): Reading {
  const log = replay([Buffer.from(text, "latin1")], {
    direction,
    limits: defaultLimits,
    closes,
    answers: [],
  });
  const messages: string[] = [];
  let head = "";
  let body = "";
  for (const line of log) {
    if (line.startsWith("head ")) head = line.slice(5, -" HTTP/1.1".length);
    else if (line.startsWith("body ")) body = line.slice(5);
    else if (line === "end") {
      messages.push(`${head} ${body}`);
      body = "";
    }
  }
  return { messages, refused: log.at(-1)?.startsWith("refused ") ?? false };
}

async function readRequestsWithNode(text: string): Promise<Reading> {
  const messages: string[] = [];
  let refused = false;
  const server = createServer({ insecureHTTPParser: false, requireHostHeader: false });
  // Left without a response, the requests wait, and the connection goes on being parsed.
  server.on("request", (request) => {
    collect(request, (body) => messages.push(`${request.method} ${request.url} ${body}`));
  });
  server.on("clientError", () => {
    refused = true;
  });
  const socket = new PeerlessSocket();
  server.emit("connection", socket);
  socket.push(Buffer.from(text, "latin1"));
  await parsed();
  socket.destroy();
  return { messages, refused };
}

async function readResponseWithNode(text: string): Promise<Reading> {
  const messages: string[] = [];
  let refused = false;
  const socket = new PeerlessSocket();
  const exchange = startRequest({ createConnection: () => socket, insecureHTTPParser: false });
  exchange.on("response", (response) => {
    response.on("error", () => {
      refused = true;
    });
    collect(response, (body) => messages.push(`${response.statusCode} ${body}`));
  });
  exchange.on("error", () => {
    refused = true;
  });
  exchange.end();
  await parsed();
  socket.push(Buffer.from(text, "latin1"));
  socket.push(null);
  await parsed();
  socket.destroy();
  return { messages, refused };
}

function collect(message: IncomingMessage, onComplete: (body: string) => void): void {
  let body = "";
  message.setEncoding("latin1");
  message.on("data", (text: string) => {
    body += text;
  });
  message.on("end", () => {
    if (message.complete) onComplete(escapeBytes(body));
  });
}

/** Everything here is in memory: what the pushed bytes cause has happened after a few turns of the loop. */
async function parsed(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await nextTurn();
}
