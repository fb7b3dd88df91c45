/**
 * The fixed service behind every proxy: prepared bytes over `node:net`, so that it takes as little
 * of the machine as possible. It can stand for
 * a hundred endpoints (addresses.ts). Prints its port and ends when its stdin closes.
 */
import net, { type AddressInfo, type Socket } from "node:net";
import { upstreamAddress, upstreamAddresses } from "./addresses.ts";
import { type Answer, answers, echoed, nextTurn } from "./answers.ts";

const endOfHead = "\r\n\r\n";

function serve(socket: Socket): void {
  let held: Buffer | null = null;
  let bodyLeft = 0;
  let answer: Answer = answers.small;
  let close = false;

  function reply(): void {
    if (close) socket.end(answer.close);
    else socket.write(answer.keepAlive);
  }

  /** Takes one head or a piece of one body and returns what follows it, or null to wait for more. */
  function take(bytes: Buffer): Buffer | null {
    if (bodyLeft > 0) {
      const taken = Math.min(bodyLeft, bytes.length);
      bodyLeft -= taken;
      if (bodyLeft === 0) reply();
      return bytes.subarray(taken);
    }
    const end = bytes.indexOf(endOfHead);
    if (end < 0) return null;
    const head = bytes.toString("latin1", 0, end + 2);
    answer = answerTo(head);
    close = answer === answers.lengthRequired || /\r\nconnection: *close\r\n/i.test(head);
    bodyLeft = bodyLength(head);
    if (bodyLeft === 0) reply();
    return bytes.subarray(end + endOfHead.length);
  }

  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    let rest: Buffer | null = held === null ? chunk : Buffer.concat([held, chunk]);
    held = null;
    while (rest !== null && rest.length > 0) {
      const next = take(rest);
      if (next === null) held = rest;
      rest = next;
    }
  });
}

function answerTo(head: string): Answer {
  if (head.startsWith("GET /big ")) return answers.big;
  if (head.startsWith("GET /chunked ")) return answers.chunked;
  if (head.startsWith("GET /echo ")) return echoed(head);
  if (head.startsWith("GET /fresh-1k ")) return answers.fresh1k;
  if (head.startsWith("GET /fresh-100k ")) return answers.fresh100k;
  if (head.startsWith("GET /turn ")) return nextTurn();
  return /\r\ntransfer-encoding:/i.test(head) ? answers.lengthRequired : answers.small;
}

function bodyLength(head: string): number {
  if (head.startsWith("GET ")) return 0;
  return Number(/\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1] ?? 0);
}

/** @param port 0: the system chooses */
function listen(address: number, port: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = net
    .createServer(serve)
    .listen({ port, host: upstreamAddress(address), backlog: 4096 }, () =>
      resolve((server.address() as AddressInfo).port),
    );
  return promise;
}

const port = await listen(0, 0);
for (let address = 1; address < upstreamAddresses; address++) await listen(address, port);
process.stdout.write(`${port}\n`);
process.stdin.resume().on("end", () => process.exit(0));
