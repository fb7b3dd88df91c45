/** Where in an author's file an operation was asked for that failed. */
import t, { type Test } from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { testGateway } from "../../core/testing/index.ts";
import { onEachEngine } from "../support/each-engine.ts";
import { freePort } from "../support/free-port.ts";

t.teardown(stopBundler);

const none = `http://127.0.0.1:${await freePort()}/`;
const key = 'await crypto.subtle.importKey("raw", new Uint8Array(16), "AES-GCM", false, ["decrypt"])';

/** Code of a handler whose second line fails, and what it fails with. */
const failing: readonly (readonly [what: string, code: string, fault: RegExp])[] = [
  ["a fetch that nobody answers", `\nawait fetch("${none}")`, /^TypeError: /],
  [
    "a fetch that is called in a chain",
    `\nawait fetch("${none}").then((response) => response.text())`,
    /^TypeError: /,
  ],
  ["a fetch among others", `\nawait Promise.all([fetch("${none}")])`, /^TypeError: /],
  [
    "a fetch in a function of its own",
    `\nconst ask = async () => { await fetch("${none}"); }; await ask()`,
    /^TypeError: /,
  ],
  ["a fetch to an origin that was not granted", '\nawait fetch("http://other.test/")', /^NotAllowedError: /],
  [
    "a fetch that takes too long",
    '\nawait fetch("http://slow.test/", { signal: AbortSignal.timeout(5) })',
    /^TimeoutError: /,
  ],
  [
    "a fetched body that is no JSON",
    'const response = await fetch("http://text.test/");\nawait response.json()',
    /^SyntaxError: /,
  ],
  ["a body that is no JSON", "\nawait request.json()", /^SyntaxError: /],
  [
    "a response's body that was read",
    'const response = new Response("{"); await response.text();\nawait response.json()',
    /^TypeError: /,
  ],
  [
    "a text that does not decrypt",
    `const key = ${key};\nawait crypto.subtle.decrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, key, new Uint8Array(40000))`,
    /^OperationError: /,
  ],
  [
    "a key that is none",
    '\nawait crypto.subtle.importKey("spki", new Uint8Array(9), { name: "RSA-PSS", hash: "SHA-256" }, false, ["verify"])',
    /^DataError: /,
  ],
];

const capabilities = `capabilities: { fetch: ["http://slow.test", "http://text.test", "${none}"], cache: true, identity: true }`;

/** Assignments that the host would refuse. */
const refused: readonly (readonly [what: string, code: string])[] = [
  ["a URL that is relative", '\nrequest.url = "b"'],
  ["a URL with an illegal byte", '\nrequest.url = "/\\u00fc ?q=\\u00e4"'],
  ["a method that is no token", '\nrequest.method = "A B"'],
  ["the method CONNECT", '\nrequest.method = "CONNECT"'],
  ["the method HEAD in the place of another one", '\nrequest.method = "HEAD"'],
  ["a request in the place of what fetch needs", `\nawait fetch("${none}", request)`],
  ["a request that is fetched", "\nawait fetch(request)"],
  ["a request made of the plugin's own", `\nnew Request("${none}", request)`],
  ["the body of a request", `\nawait fetch("${none}", { method: "POST", body: request.body })`],
  ["an identity without a subject", '\nctx.identity = { id: "ada" }'],
  ["an identity that is a text", '\nctx.identity = "ada"'],
  [
    "an identity whose scopes are no texts",
    'const ada = { subject: "ada", method: "m", claims: {}, scopes: [1], groups: [] };\nctx.identity = ada',
  ],
  [
    "the stream of a stored body",
    'ctx.cache.set("k", "", new Uint8Array(9)); const stored = ctx.cache.get("k").response();\nreturn new Response(stored.body, stored)',
  ],
];

for (const [what, code] of refused) {
  onEachEngine(`${what} is a TypeError, and has its place`, async (t, engine) => {
    hasPlace(t, await faultOf(code, engine), /^TypeError: /);
  });
}

onEachEngine("what the host alone can refuse is a TypeError, too", async (t, engine) => {
  const late = `ctx.cache.set("k", "", new Uint8Array(9)); const stored = ctx.cache.get("k").response();
    for (let turn = 0; turn < 4; turn++) await fetch("http://text.test/");
    return stored`;
  t.match(await faultOf(late, engine), [{ message: /^TypeError: .* in the same turn/ }]);
  const error = await faultOf("return Response.error()", engine);
  t.match(error, [{ message: /^TypeError: Cannot answer with Response.error\(\)/ }]);
});

async function faultOf(code: string, engine: EngineName) {
  const source = `export default { ${capabilities}, async onRequest(request, ctx) { ${code} } };`;
  await using gateway = await testGateway({
    plugins: [{ source, name: "p" }],
    engine,
    fetch: async ({ url }) => {
      if (url === "http://text.test/") return new Response("no JSON");
      if (url === "http://slow.test/") {
        setTimeout(() => gateway.clock.advance(10), 1);
        return new Promise<never>(() => {});
      }
      throw new Error("refused");
    },
  });
  await gateway.fetch("/", { method: "POST", body: "no JSON" });
  return gateway.faults;
}

function hasPlace(t: Test, faults: Awaited<ReturnType<typeof faultOf>>, message: RegExp): void {
  t.match(faults, [{ message, at: /p\.(ts|js):2:\d+$/ }]);
}

for (const [what, code, message] of failing) {
  onEachEngine(`the place of ${what} is told`, async (t, engine) => {
    hasPlace(t, await faultOf(code, engine), message);
  });
}

onEachEngine("an error of the plugin's own keeps its place", async (t, engine) => {
  const code =
    'const own = new Error("mine");\nthrow await fetch("http://slow.test/", { signal: AbortSignal.abort(own) }).catch((error) => error)';
  t.match(await faultOf(code, engine), [{ message: "Error: mine", at: /:1:\d+$/ }]);
});

onEachEngine("the body of a response is none to make another one of", async (t, engine) => {
  const source = `export default { onResponse(response) {\nreturn new Response(response.body, response) } };`;
  await using gateway = await testGateway({
    plugins: [{ source, name: "p" }],
    engine,
    upstream: () => new Response("x"),
  });
  t.equal((await gateway.fetch("/")).status, 500);
  hasPlace(t, gateway.faults, /^TypeError: Cannot take the body from the response/);
});
