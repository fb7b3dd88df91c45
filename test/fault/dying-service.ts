/** A service that stops in the middle of an answer, says how far it came, and waits to be killed. */
import { createServer } from "node:net";
import { listenLocally } from "../support/free-port.ts";

const head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";

/** What it has written when it stops, by path. */
const partial: Readonly<Record<string, string>> = {
  "/before-head": "",
  "/in-head": head,
  "/after-head": `${head}Content-Length: 1000\r\n\r\n`,
  "/in-sized-body": `${head}Content-Length: 1000\r\n\r\n${"x".repeat(500)}`,
  "/in-chunk": `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n400\r\n${"x".repeat(500)}`,
  "/between-chunks": `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
};

const server = createServer((socket) => {
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    const path = bytes.toString("latin1").split(" ")[1] ?? "";
    socket.write(partial[path] ?? "", () => console.log(`stopped ${path}`));
  });
});
console.log(`port ${await listenLocally(server)}`);
