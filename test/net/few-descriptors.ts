/** Accepts and keeps every connection. Meant to be started with few file descriptors. */
import { listen } from "../../core/net/listener.ts";
import { listenerConfig, portOf } from "./configs.ts";
import { recordingLog } from "./recording-log.ts";

const log = recordingLog();
const listener = await listen(listenerConfig(), (socket) => socket.write("hello"), { log });
console.log(`port ${portOf(listener.address)}`);
