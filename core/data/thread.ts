/** One reactor of several, on a thread of the data process. */
import { parentPort, workerData } from "node:worker_threads";
import type { ReactorThreadData } from "./reactor-pool.ts";
import { serveThread } from "./serve.ts";

serveThread(parentPort!, workerData as ReactorThreadData);
