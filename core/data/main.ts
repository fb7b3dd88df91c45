/** The data process; its argument is the number of reactors. */
import { Gateway } from "../proxy/gateway.ts";
import { threadEntry } from "./entry.ts";
import { serveProcess } from "./serve.ts";

serveProcess({
  createGateway: (options) => new Gateway(options),
  threadEntry,
  reactors: Number(process.argv[2] ?? 1),
});
