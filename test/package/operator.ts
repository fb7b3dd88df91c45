import { execFile } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Test } from "tap";
import { WebSocket } from "ws";
import { freePort } from "../support/free-port.ts";
import { missing } from "../support/missing.ts";
import { startProgram } from "../support/program.ts";
import { largeSize, type Service, startNginx, startNode, startPython } from "./services.ts";

const run = promisify(execFile);

/**
 * Uses an installed package as an operator does: in front of other servers, driven by other clients.
 *
 * @param folder where it is installed; the servers keep their files there too
 * @param env in which `sluice` finds its Node
 */
export function testAsOperator(t: Test, folder: string, env: NodeJS.ProcessEnv): void {
  const startSluice = async (upstream: Service): Promise<Service> => {
    const address = `127.0.0.1:${await freePort()}`;
    const args = ["--upstream", upstream.url, "--listen", address, "--admin", "off", "--no-access-log"];
    const program = startProgram(join(folder, "node_modules", ".bin", "sluice"), args, { cwd: folder, env });
    await program.said(/listening/);
    return { url: `http://${address}`, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
  };

  t.test("nginx behind, curl and wrk in front", { skip: missing("nginx", "curl", "wrk") }, async (t) => {
    await using service = await startNginx(folder);
    await using sluice = await startSluice(service);
    t.match(await curl(sluice.url), "<h1>Files</h1>");
    t.equal(await downloadedBytes(`${sluice.url}/large`), largeSize);
    t.equal(await curl("--range", "6-11", `${sluice.url}/large`), "sluice");
    const { stdout } = await run("wrk", ["-t1", "-c8", "-d1s", sluice.url]);
    t.match(stdout, /[1-9]\d* requests in/);
    t.notMatch(stdout, /Non-2xx|Socket errors/);
  });

  t.test("a Python http.server behind, curl in front", { skip: missing("python3", "curl") }, async (t) => {
    await using service = await startPython(folder);
    await using sluice = await startSluice(service);
    t.match(await curl(sluice.url), "<h1>Files</h1>");
    t.equal(await downloadedBytes(`${sluice.url}/large`), largeSize);
    t.match(await curl("--head", `${sluice.url}/large`), new RegExp(`content-length: ${largeSize}`, "i"));
  });

  t.test("a Node service behind, curl in front", { skip: missing("curl") }, async (t) => {
    await using service = await startNode();
    await using sluice = await startSluice(service);
    t.match(JSON.parse(await curl(sluice.url)), { headers: { "x-forwarded-proto": "http" } });
    t.equal(await curl("--data", "anything", `${sluice.url}/echo`), "anything");
    const chunked = ["--header", "Transfer-Encoding: chunked", "--data", "in chunks"];
    t.equal(await curl(...chunked, `${sluice.url}/echo`), "in chunks");
  });

  t.test("a Node service behind, a browser in front", { skip: missing("chromium") }, async (t) => {
    await using service = await startNode();
    await using sluice = await startSluice(service);
    const profile = `--user-data-dir=${join(folder, "chromium")}`;
    const args = ["--headless", "--no-sandbox", "--disable-gpu", profile, "--dump-dom", `${sluice.url}/page`];
    const { stdout } = await run("chromium", args, { timeout: 60_000 });
    t.match(stdout, "Hello from behind Sluice");
  });

  t.test("a Node service behind, a WebSocket client in front", async (t) => {
    await using service = await startNode();
    await using sluice = await startSluice(service);
    const socket = new WebSocket(`${sluice.url.replace("http", "ws")}/socket`);
    await once(socket, "open");
    for (const message of ["hello", "x".repeat(100_000)]) {
      socket.send(message);
      const [answer] = await once(socket, "message");
      t.equal(String(answer), message);
    }
    socket.close(1000);
    const [code] = await once(socket, "close");
    t.equal(code, 1000);
  });
}

async function curl(...args: string[]): Promise<string> {
  return (await run("curl", ["--silent", "--show-error", "--fail", "--max-time", "20", ...args])).stdout;
}

async function downloadedBytes(url: string): Promise<number> {
  return Number(await curl("--output", "/dev/null", "--write-out", "%{size_download}", url));
}
