/** A body that a policy has given is its own: what becomes of the buffer that it came from changes nothing. */
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { testGateway } from "../../core/testing/index.ts";
import { onEachEngine } from "../support/each-engine.ts";

t.teardown(stopBundler);

const upstream = async (request: Request) => new Response(await request.text());

const scratch = `const scratch = new Uint8Array(64), encoder = new TextEncoder();
  const fill = (text) => scratch.subarray(0, encoder.encodeInto(text, scratch).written);`;

const waits: Readonly<Record<string, string>> = {
  nothing: "",
  "a turn": "await null;",
  "a timer": "await new Promise((resolve) => setTimeout(resolve, 1));",
};

for (const [what, wait] of Object.entries(waits)) {
  onEachEngine(`a buffer used again for each request, with ${what} behind`, async (t, engine) => {
    const source = `${scratch} export default { async onRequest(request) {
      request.setBody(fill((await request.json()).user)); ${wait} } };`;
    await using gateway = await testGateway({ plugins: [{ source, name: "p" }], engine, upstream });
    const users = Array.from({ length: 10 }, (_, number) => `user ${number}`);
    const ticking = setInterval(() => gateway.clock.advance(1), 1);
    const answers = users.map(async (user) =>
      (await gateway.fetch("/", { method: "POST", body: JSON.stringify({ user }) })).text(),
    );
    t.strictSame(await Promise.all(answers), users);
    clearInterval(ticking);
  });

  onEachEngine(`a buffer used again for each response, with ${what} behind`, async (t, engine) => {
    const source = `${scratch} export default { async onResponse(response) {
      response.setBody(fill("for " + (await response.text()))); ${wait} } };`;
    await using gateway = await testGateway({ plugins: [{ source, name: "p" }], engine, upstream });
    const ticking = setInterval(() => gateway.clock.advance(1), 1);
    const answers = Array.from({ length: 10 }, async (_, number) =>
      (await gateway.fetch("/", { method: "POST", body: `user ${number}` })).text(),
    );
    t.strictSame(
      await Promise.all(answers),
      Array.from({ length: 10 }, (_, number) => `for user ${number}`),
    );
    clearInterval(ticking);
  });
}
