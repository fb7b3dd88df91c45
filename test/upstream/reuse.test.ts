import t, { type Test } from "tap";
import { get, startGateway } from "../support/gateway.ts";
import { field, type Message } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

const echoing = (request: Message) => ok("fine", `X-Request-Id: ${field(request, "x-request-id")}`);
const silent = () => ok("fine");

/** How many connections three requests in a row take. */
async function connectionsFor(t: Test, reuse: "always" | "verified" | "never", answer: typeof echoing) {
  const upstream = await startUpstream(t, answer);
  const proxy = await startGateway(t, upstream.address, { cluster: { reuse } });
  for (let i = 0; i < 3; i++) t.equal((await proxy.ask(get())).body, "fine");
  return upstream.connections.length;
}

t.test("reuse: always sends the next request on the connection of the last", async (t) => {
  t.equal(await connectionsFor(t, "always", silent), 1);
});

t.test("reuse: verified does so only where X-Request-Id comes back", async (t) => {
  t.equal(await connectionsFor(t, "verified", echoing), 1);
  t.equal(await connectionsFor(t, "verified", silent), 3);
});

t.test("reuse: never opens a connection for each request", async (t) => {
  t.equal(await connectionsFor(t, "never", echoing), 3);
});
