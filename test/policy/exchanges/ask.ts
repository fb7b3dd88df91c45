/** How clients of fuzzed exchanges ask, one connection after the other. */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { PolicyGateway } from "../../support/policies.ts";
import { Random } from "../../support/random.ts";
import { Client } from "./client.ts";
import { bytesOf, type Exchange, predict } from "./plan.ts";
import { checkResponse, type Run } from "./run.ts";
import { inChunks, sendInPieces } from "./send.ts";
import { fieldOf, type StrictMessage, statusOf } from "./strict-reader.ts";

export async function runConnection(
  gateway: PolicyGateway,
  run: Run,
  exchanges: readonly Exchange[],
): Promise<void> {
  for (let at = 0; at < exchanges.length; ) at += await runSome(gateway, run, exchanges.slice(at));
}

/** Sends requests on one connection as long as it lasts. Returns how many got their response. */
async function runSome(gateway: PolicyGateway, run: Run, exchanges: readonly Exchange[]): Promise<number> {
  const { host, port } = gateway.address as { host: string; port: number };
  const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
  const client = new Client(socket);
  let done = 0;
  let sent = 0;
  try {
    while (done < exchanges.length) {
      const group: Exchange[] = [];
      for (; sent < exchanges.length; sent++) {
        const next = exchanges[sent]!;
        if (group.length > 0 && (!next.isPipelined || next.expects || group.some(({ expects }) => expects)))
          break;
        group.push(next);
      }
      const sending = sendGroup(client, group);
      for (const exchange of group) {
        const came = await client.until(() => client.responses.length > done);
        const { mayBreak } = predict(run.plan, exchange);
        done++;
        if (!came) {
          if (client.fault !== null) run.fault(`the client got ${client.fault}`, exchange);
          else if (!client.isOver) run.fault("no response in time", exchange);
          else if (!mayBreak)
            run.fault(`the connection ended ${client.isBroken ? "inside" : "before"} the response`, exchange);
          return done;
        }
        const response = client.responses[done - 1]!;
        checkResponse(run, exchange, response);
        if (exchange.expects) await sending;
        if (closesBehind(exchange, response) || (exchange.expects && client.socket.writableEnded)) {
          await client.until(() => client.isOver);
          if (!client.isOver) run.fault("the connection that was to be closed is open", exchange);
          if (client.responses.length > done || client.isBroken || client.fault !== null) {
            run.fault(`something follows the last response: ${client.fault}`, exchange);
          }
          return done;
        }
      }
      await sending;
    }
    await sleep(5);
    const last = exchanges.at(-1)!;
    if (client.fault !== null) run.fault(`the client got ${client.fault}`, last);
    if (client.isInside) run.fault("something follows the last response", last);
    return done;
  } finally {
    socket.destroy();
  }
}

async function sendGroup(client: Client, group: readonly Exchange[]): Promise<void> {
  const random = new Random(group[0]!.seed);
  client.methods.push(...group.map(({ method }) => method));
  const [first] = group;
  if (first!.expects) {
    const { head, body } = requestOf(random, first!);
    const before = client.responses.length;
    await sendInPieces(random, client.socket, head);
    const interim = client.interim;
    await client.until(() => client.interim > interim || client.responses.length > before, 100);
    if (client.responses.length === before) await sendInPieces(random, client.socket, body);
    // A body that is not sent ends the connection.
    else client.socket.end();
    return;
  }
  const parts = group.flatMap((exchange) => Object.values(requestOf(random, exchange)));
  await sendInPieces(random, client.socket, Buffer.concat(parts));
}

function requestOf(random: Random, exchange: Exchange): { readonly head: Buffer; readonly body: Buffer } {
  const { id, method, path, minor, framing, isCoded, asksAnswer, expects, closes } = exchange;
  const bytes = bytesOf(exchange);
  const lines = [`${method} ${path} HTTP/1.${minor}`, "Host: a.test", `X-Id: ${id}`];
  if (framing === "length") lines.push(`Content-Length: ${bytes.length}`);
  if (framing === "chunked") lines.push("Transfer-Encoding: chunked");
  if (isCoded) lines.push("Content-Encoding: gzip");
  if (asksAnswer) lines.push("X-Answer: 1");
  if (expects) lines.push("Expect: 100-continue");
  if (closes) lines.push("Connection: close");
  else if (minor === 0 && id.endsWith("1")) lines.push("Connection: keep-alive");
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  return { head, body: framing === "chunked" ? inChunks(random, bytes) : bytes };
}

function closesBehind({ method, minor, closes }: Exchange, response: StrictMessage): boolean {
  const connection = fieldOf(response, "connection")?.toLowerCase() ?? "";
  const isBodyless = method === "HEAD" || [204, 304].includes(statusOf(response));
  if (closes || (response.framing === "close" && !isBodyless)) return true;
  return minor === 0 ? connection !== "keep-alive" : connection === "close";
}
