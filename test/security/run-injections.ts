/** Every payload in every place; what reaches the endpoint is read by node:http, as somebody else's parser. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Test } from "tap";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { type HostileGateway, startHostileGateway } from "./hostile-gateway.ts";
import { ownedFields, payloads, places, rawPlaces } from "./injection.ts";

/** What an endpoint was asked, one line for each request: nothing of the guest's may make two of one. */
interface Endpoint {
  readonly address: { readonly host: string; readonly port: number };
  readonly seen: IncomingMessage[];
  /** Bytes that were no request. */
  readonly errors: Error[];
}

async function startEndpoint(t: Test): Promise<Endpoint> {
  const seen: IncomingMessage[] = [];
  const errors: Error[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    request.resume().on("end", () => response.end("upstream"));
  });
  server.on("clientError", (error, socket) => {
    if ((error as NodeJS.ErrnoException).code !== "ECONNRESET") errors.push(error);
    socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: { host: "127.0.0.1", port: (server.address() as AddressInfo).port }, seen, errors };
}

const reading = `const payloads = ${JSON.stringify(payloads)};
const value = (request) => payloads[Number(request.headers.get("x-payload"))];`;

export async function runInjections(t: Test, engine: EngineName): Promise<void> {
  const endpoint = await startEndpoint(t);
  for (const [place, members] of Object.entries(places)) {
    await t.test(`a line ends nowhere in ${place}`, async (t) => {
      const attack = `import { definePlugin } from "sluice/sdk";\n${reading}\nexport default definePlugin({ ${members} });`;
      const { ask } = await startHostileGateway(t, endpoint.address, {
        engine,
        attack,
        limits: { cpu: 2000 },
      });
      const problems: string[] = [];
      for (const n of payloads.keys()) problems.push(...(await tryPayload(endpoint, ask, n)).problems);
      t.same(problems, []);
    });
  }
}

/** The same with a guest that writes its outcomes itself. It may set what fields it likes, but not the proxy's. */
export async function runRawInjections(t: Test, engine: EngineName): Promise<void> {
  const endpoint = await startEndpoint(t);
  const start = (t: Test, code: string) =>
    startHostileGateway(t, endpoint.address, {
      ...{ engine, attack: takingOver(code), seized: true, limits: { cpu: 2000 } },
    });
  const texts = JSON.stringify(payloads).replaceAll("Smuggled: 1", "Transfer-Encoding: chunked");
  for (const [place, outcome] of Object.entries(rawPlaces)) {
    await t.test(`the host lets no line end in ${place} of an outcome`, async (t) => {
      const { ask } = await start(t, `const raw = ${texts}[n]; return ${outcome};`);
      const problems: string[] = [];
      for (const n of payloads.keys()) problems.push(...(await tryPayload(endpoint, ask, n)).problems);
      t.same(problems, []);
    });
  }
  await t.test("the host lets a guest set no field that is the proxy's", async (t) => {
    const { ask } = await start(
      t,
      `const line = ${JSON.stringify(ownedFields)}[n >> 1] + "\\r\\n";
       return n & 1 ? "e" + line.length + "  \\n" + line : "r" + line.length + " 1 200 OK\\n" + line + "x";`,
    );
    for (let n = 0; n < 2 * ownedFields.length; n++) {
      const { status, problems } = await tryPayload(endpoint, ask, n);
      t.same([status, problems], [500, []], ownedFields[n >> 1]!);
    }
  });
}

function takingOver(code: string): string {
  return `onRequest() {}, setup() {
    (globalThis as any).takeOver = (text, bytes, usual) => {
      if (text[0] !== "Q") return usual(text, bytes);
      const n = Number(/x-payload: (\\d+)/i.exec(text)[1]);
      ${code}
    };
  },`;
}

interface Tried {
  readonly status: number;
  /** What is wrong with what the client or the endpoint got. */
  readonly problems: readonly string[];
}

/** Sends a request for a payload, and looks at what both sides get. */
async function tryPayload(endpoint: Endpoint, ask: HostileGateway["ask"], payload: number): Promise<Tried> {
  endpoint.seen.length = 0;
  endpoint.errors.length = 0;
  const { status, fields } = await ask(
    `POST /attack HTTP/1.1\r\nHost: a.test\r\nX-Payload: ${payload}\r\nContent-Length: 5\r\n\r\n12345`,
  );
  const problems: string[] = [];
  const answered = fields.map(([name]) => name.toLowerCase());
  const arrived = endpoint.seen.flatMap(({ rawHeaders }) => rawHeaders.filter((_, i) => i % 2 === 0));
  if (![200, 302, 500].includes(status)) problems.push(`status ${status}`);
  if (endpoint.seen.length > 1) problems.push(`${endpoint.seen.length} requests`);
  for (const names of [answered, arrived.map((name) => name.toLowerCase())]) {
    const strange = names.filter((name) => /smuggled|^$|[\r\n\0]/.test(name));
    const framing = names.filter((name) => name === "content-length" || name === "transfer-encoding");
    if (strange.length > 0) problems.push(`fields ${strange}`);
    if (framing.length > 1) problems.push(`framed twice: ${framing}`);
  }
  problems.push(...endpoint.errors.map(({ message }) => message));
  return { status, problems: problems.map((problem) => `payload ${payload}: ${problem}`) };
}
