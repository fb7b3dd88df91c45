/**
 * The fixed service behind every proxy: prepared bytes over `node:net`, so that it takes as little
 * of the machine as possible. Prints its port and ends when its stdin closes.
 */
import net, { type AddressInfo, type Socket } from "node:net";
import { type Answer, answers, echoed } from "./answers.ts";

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
  return /\r\ntransfer-encoding:/i.test(head) ? answers.lengthRequired : answers.small;
}

function bodyLength(head: string): number {
  if (head.startsWith("GET ")) return 0;
  return Number(/\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1] ?? 0);
}

const server = net.createServer(serve).listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume().on("end", () => process.exit(0));
