/**
 * A data process in small. It accepts on each handle that its parent sends, itself or on a thread of its
 * own, and answers every connection with process and thread.
 */
import { isMainThread, parentPort, threadId, Worker, workerData } from "node:worker_threads";
import type { Address } from "../../core/config/model.ts";
import { descriptorOf } from "../../core/net/bound-handle.ts";
import { listen } from "../../core/net/listener.ts";
import { listenerConfig } from "./configs.ts";
import { recordingLog } from "./recording-log.ts";

interface Task {
  readonly address: Address;
  readonly onThread: boolean;
}

async function accept(address: Address, handle: unknown): Promise<void> {
  const answer = `${process.pid} ${threadId}`;
  await listen(listenerConfig(address), (socket) => socket.end(answer), { log: recordingLog(), handle });
}

if (isMainThread) {
  process.on("disconnect", () => process.exit());
  process.on("message", async ({ address, onThread }: Task, handle: unknown) => {
    if (onThread) {
      const adopted = { address, fd: descriptorOf(handle) };
      const worker = new Worker(new URL(import.meta.url), { workerData: adopted });
      worker.once("message", () => process.send?.("accepting"));
    } else {
      await accept(address, handle);
      process.send?.("accepting");
    }
  });
} else {
  const { address, fd } = workerData as { address: Address; fd: number };
  await accept(address, { fd });
  parentPort?.postMessage("accepting");
}
