/** Node only: the compiler is the judge here, and it says the same wherever it runs. */
import t from "tap";
import { createAuthorProject } from "./author-project.ts";

/** The plugin that the design shows, to the letter. */
const tenant = `import { definePlugin } from "sluice/sdk";

export default definePlugin({
  name: "tenant",
  config: { type: "object", properties: { header: { type: "string", default: "x-tenant" } }, additionalProperties: false },
  capabilities: { fetch: ["https://tenants.internal"], kv: true },
  async onRequest(request, ctx) {
    const tenant = request.headers.get(ctx.config.header);
    if (!tenant) return Response.json({ title: "tenant missing" }, { status: 400 });
    ctx.state.tenant = tenant;
  },
  onResponse(response, ctx) {
    response.headers.set("x-tenant", ctx.state.tenant);
  },
});
`;

const signing = `import { definePlugin } from "sluice/sdk";

const keys = new WeakMap<object, CryptoKey>();
const seen = new WeakRef({});
const api = new URLPattern({ pathname: "/api/:version/*" });

export default definePlugin({
  config: { type: "object", properties: { paths: { type: "array", items: { type: "string" } } }, required: ["paths"] },
  capabilities: { env: ["SIGNING_SECRET"] },
  async setup(config, host) {
    const secret = new TextEncoder().encode(host.env("SIGNING_SECRET"));
    const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
    const hkdf = { name: "HKDF", hash: "SHA-256", salt: secret, info: secret } as const;
    await crypto.subtle.deriveKey(hkdf, base, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
    keys.set(config, await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]));
  },
  onRequest(request, ctx) {
    const { pathname } = new URL(request.url);
    if (!ctx.config.paths.includes(pathname)) return new Response(null, { status: 404 });
    console.log(seen.deref(), api.exec(request.url)?.pathname.groups["version"]);
  },
  async onUpstream(attempt, ctx) {
    const key = keys.get(ctx.config)!;
    const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(attempt.url));
    attempt.headers.set("x-signature", btoa(String.fromCharCode(...new Uint8Array(signature))));
  },
});
`;

const streaming = `import { definePlugin } from "sluice/sdk";

async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  for await (const text of body.pipeThrough(new TextDecoderStream())) yield* text.split("\\n");
}

export default definePlugin({
  capabilities: { fetch: ["https://feed.example.com"] },
  state: () => ({ bytes: 0 }),
  async onRequest(request, ctx) {
    const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(1000)]);
    const answer = await fetch("https://feed.example.com/", { headers: request.headers, signal });
    if (answer.body === null) return answer;
    return new Response(ReadableStream.from(lines(answer.body)).pipeThrough(new TextEncoderStream()), answer);
  },
  onResponseBody(chunk, ctx) {
    ctx.state.bytes += chunk.length;
    return ctx.last ? \`\${ctx.state.bytes}\` : undefined;
  },
});
`;

/** A plugin with one line that does not check, and what the compiler says of it. */
const faulty: Readonly<Record<string, readonly [text: string, problem: string]>> = {
  "a misspelled phase": [
    "export default definePlugin({ onReqest() {} });",
    "TS2561 Object literal may only specify known properties, but 'onReqest' does not exist in type 'Plugin<NoConfig, any>'. Did you mean to write 'onRequest'?",
  ],
  "a property that the config has not": [
    'export default definePlugin({ config: { type: "object", properties: { header: { type: "string" } } }, onRequest(_, ctx) { ctx.config.heder; } });',
    "TS2551 Property 'heder' does not exist on type '{ readonly header?: string | undefined; }'. Did you mean 'header'?",
  ],
  "a property of the config that may be missing": [
    'export default definePlugin({ config: { type: "object", properties: { header: { type: "string" } } }, onRequest(request, ctx) { request.headers.get(ctx.config.header); } });',
    "TS2345 Argument of type 'string | undefined' is not assignable to parameter of type 'string'.",
  ],
  "a config where there is none": [
    "export default definePlugin({ onRequest(_, ctx) { ctx.config.header; } });",
    "TS2339 Property 'header' does not exist on type '{}'.",
  ],
  "an answer that is no Response": [
    "export default definePlugin({ onRequest() { return 404; } });",
    "TS2322 Type '() => number' is not assignable to type '(request: PluginRequest, ctx: Context<{}, any>) => Outcome<Response>'.",
  ],
  "the plugin's request in the place of what fetch needs": [
    'export default definePlugin({ async onRequest(request) { await fetch("http://x.test/", request); } });',
    "TS2345 Argument of type 'PluginRequest' is not assignable to parameter of type 'RequestInit'.",
  ],
  "the plugin's request where one is made": [
    'export default definePlugin({ onRequest(request) { new Request("http://x.test/", request); } });',
    "TS2345 Argument of type 'PluginRequest' is not assignable to parameter of type 'RequestInit'.",
  ],
  "the body of a response as a stream": [
    "export default definePlugin({ onResponse: (response) => new Response(response.body, response) });",
    "TS2345 Argument of type 'NoStream | undefined' is not assignable to parameter of type 'BodyInit | null | undefined'.",
  ],
  "a capability that there is not": [
    'export default definePlugin({ capabilities: { files: ["/etc"] } });',
    "TS2353 Object literal may only specify known properties, and 'files' does not exist in type 'Capabilities'.",
  ],
};

/** Names that other runtimes have, each used where only a plugin's globals are. */
const foreign = [
  "process",
  "Buffer",
  "require",
  "module",
  "global",
  "__dirname",
  "setImmediate",
  "Deno",
  "window",
  "document",
  "localStorage",
  "WebAssembly",
  "SharedArrayBuffer",
  "Atomics",
  "FinalizationRegistry",
  "WebSocket",
  "Worker",
];

const using = `import { definePlugin } from "sluice/sdk";

const held = (): Disposable & AsyncDisposable => ({
  [Symbol.dispose]() {},
  async [Symbol.asyncDispose]() {},
});

export default definePlugin({
  async onRequest() {
    using _one = held();
    await using _two = held();
  },
});
`;

const heading = 'import { definePlugin } from "sluice/sdk";\n';
const files = {
  "tenant.ts": tenant,
  "signing.ts": signing,
  "streaming.ts": streaming,
  "using.ts": using,
  "node-import.ts": 'import { readFileSync } from "node:fs";\nexport default readFileSync;\n',
  "tenant.test.ts": 'import t from "tap";\nt.pass(process.version);\n',
  ...Object.fromEntries(Object.keys(faulty).map((name) => [`${name}.ts`, heading + faulty[name]![0]])),
  ...Object.fromEntries(foreign.map((name) => [`${name}.ts`, `export default ${name};\n`])),
};
const project = createAuthorProject(files);
t.teardown(() => project.remove());

t.test("plugins that use what there is have no problems", async (t) => {
  t.same(project.problems("tenant.ts"), []);
  t.same(project.problems("signing.ts"), []);
  t.same(project.problems("streaming.ts"), []);
  t.same(project.problems("using.ts"), []);
});

for (const [name, [, problem]] of Object.entries(faulty)) {
  t.test(`the compiler refuses ${name}`, async (t) => {
    const found = project.problems(`${name}.ts`);
    t.same(
      found.map((text) => text.replace(/^2:\d+ /, "")),
      [problem],
    );
  });
}

for (const name of foreign) {
  t.test(`a plugin knows no ${name}`, async (t) => {
    const found = project.problems(`${name}.ts`);
    t.equal(found.length, 1);
    t.match(found[0], `Cannot find name '${name}'.`);
  });
}

t.test("a plugin imports nothing of Node", async (t) => {
  const found = project.problems("node-import.ts");
  t.equal(found.length, 1);
  t.match(found[0], "Cannot find");
});

t.test("tests beside the plugins are not checked as plugins", async (t) => {
  t.throws(() => project.problems("tenant.test.ts"), { message: "tenant.test.ts is no part of the program" });
});

t.test("the declarations of the SDK are sound with ECMAScript alone", async (t) => {
  const options = { target: "es2024", lib: ["es2024"], types: [], module: "nodenext", strict: true };
  const text = `${heading}export default definePlugin({ onRequest(request) { request.headers.get("a"); } });\n`;
  const alone = createAuthorProject(
    { "package.json": '{ "type": "module" }', "plugin.ts": text },
    { compilerOptions: { ...options, skipLibCheck: false, noEmit: true } },
  );
  t.teardown(() => alone.remove());
  t.same(alone.allProblems(), []);
});

t.test("the declarations of the SDK and of the guest are sound together", async (t) => {
  const strict = createAuthorProject(
    { "plugin.ts": tenant },
    {
      extends: "sluice/tsconfig.plugin.json",
      compilerOptions: {
        skipLibCheck: false,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        noPropertyAccessFromIndexSignature: true,
      },
    },
  );
  t.teardown(() => strict.remove());
  t.same(strict.allProblems(), []);
});
