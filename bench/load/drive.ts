import type { Socket } from "node:net";
import { connect, requestBytes } from "./connection.ts";
import type { Load, LoadResult, Target } from "./load.ts";
import { ResponseReader } from "./response-reader.ts";

/** Closed loop: every connection asks again as soon as it was answered, until the time is over. */
export async function drive(load: Load, target: Target, seconds: number): Promise<LoadResult> {
  const requests = requestBytes(load, target);
  const latencies: number[] = [];
  let turn = 0;
  let errors = 0;
  let bytes = 0;
  let over = false;
  const sockets = new Set<Socket>();

  function open(): void {
    if (over) return;
    const socket = connect(target);
    const reader = new ResponseReader();
    let sentAt = performance.now();
    let answered = true;

    function ask(): void {
      answered = false;
      socket.write(requests[turn++ % requests.length] as Buffer);
    }

    sockets.add(socket);
    socket.once(target.tls ? "secureConnect" : "connect", ask);
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (over || !reader.feed(chunk)) return;
      answered = true;
      const now = performance.now();
      latencies.push(now - sentAt);
      if (!reader.success) errors++;
      sentAt = now;
      if (!load.close) ask();
    });
    socket.on("error", () => errors++);
    socket.on("close", () => {
      if (!answered && !over) errors++;
      sockets.delete(socket);
      open();
    });
  }

  const startedAt = performance.now();
  for (let i = 0; i < load.connections; i++) open();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  over = true;
  const elapsed = (performance.now() - startedAt) / 1000;
  for (const socket of sockets) socket.destroy();
  return { requests: latencies.length, errors, seconds: elapsed, bytes, ...percentiles(latencies) };
}

function percentiles(latencies: readonly number[]): { p50: number; p99: number } {
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}
