/**
 * `npm start`: a small service, and Sluice in front of it. `npm start -- --upstream URL` runs Sluice
 * in front of a service of your own; every option of `sluice` can follow the two dashes.
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createHelloService } from "./service.ts";
import { runSluice } from "./sluice-process.ts";

const args = process.argv.slice(2);
process.exitCode = needsService(args) ? await runWithService(args) : await runSluice(args);

/** Whether the command line leaves open what to proxy to. */
function needsService(args: readonly string[]): boolean {
  const decides = /^(--upstream|--config|--version|--help|-h)\b/;
  const isCommand = args[0] !== undefined && !args[0].startsWith("-");
  return !isCommand && !args.some((arg) => decides.test(arg));
}

async function runWithService(args: readonly string[]): Promise<number> {
  const service = createHelloService().listen(0, "127.0.0.1");
  await once(service, "listening");
  const { port } = service.address() as AddressInfo;
  const listen = listenAddress(args);
  const sluice = runSluice([
    "--pretty",
    "--listen",
    listen,
    ...args,
    "--upstream",
    `http://127.0.0.1:${port}`,
  ]);
  const stopped = new AbortController();
  void announce(`http://${listen.replace(/^:/, "127.0.0.1:")}`, stopped.signal);
  const code = await sluice;
  stopped.abort();
  service.close();
  service.closeAllConnections();
  return code;
}

function listenAddress(args: readonly string[]): string {
  const { values } = parseArgs({ args: [...args], options: { listen: { type: "string" } }, strict: false });
  return typeof values.listen === "string" ? values.listen : "127.0.0.1:8080";
}

/** Says what to try once the service answers through Sluice. */
async function announce(origin: string, stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted && !(await answers(origin, stopped))) {
    await delay(50, undefined, { signal: stopped }).catch(() => {});
  }
  if (stopped.aborted) return;
  console.log(`
Sluice listens on ${origin}, in front of a small service. Try

  curl -i ${origin}/
  curl -d 'anything' ${origin}/echo
  curl -N ${origin}/slow

Ctrl-C stops both. In front of a service of your own: npm start -- --upstream http://127.0.0.1:3000
`);
}

async function answers(origin: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(origin, { signal, method: "HEAD" });
    return response.headers.has("via");
  } catch {
    return false;
  }
}
