/** Started by Node: what is tried is what Deno lets the processes do that it runs. */
import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "node:tls";
import t from "tap";
import { createAuthority } from "../net/certificates.ts";
import { until } from "../net/until.ts";
import { childrenOf } from "../support/child-processes.ts";
import { freePort, listenLocally } from "../support/free-port.ts";
import { startProgram } from "../support/program.ts";
import { answering, bin, binary, env, folder, get, plan, service, start } from "./planned-deno.ts";

t.setTimeout(120_000);

t.test("the printed command serves a request and reloads a plugin, and narrows who serves", async (t) => {
  const [upstream, port] = [await service(t), await freePort()];
  const cwd = folder(t, { "plugins/hello.ts": answering("one") });
  const options = ["--upstream", `http://127.0.0.1:${upstream}`, "--plugins", "plugins", "--admin", "off"];
  const command = await plan(cwd, ...options, "--listen", `127.0.0.1:${port}`);
  await using sluice = start(cwd, command);
  await sluice.said(/listening/);
  t.equal(await get(port), "one");
  writeFileSync(join(cwd, "plugins/hello.ts"), answering("two"));
  await sluice.said(/Plugins reloaded/);
  t.equal(await get(port), "two");

  const code = ["core", "sdk", "dist", "node_modules"].map((name) => resolve(name));
  t.same(
    childrenOf(sluice.pid)[0]!.args.filter((argument) => argument.startsWith("-")),
    [
      "--no-prompt",
      `--allow-net=127.0.0.1:${port},127.0.0.1:${upstream}`,
      `--allow-read=${code.join(",")}`,
      "--allow-sys=hostname",
      "--ignore-env",
    ],
  );
});

/** Without a sandbox, so in the place of whoever broke out of one. */
const attacker = `export default {
  async onRequest() {
    const { Deno } = globalThis;
    const demand = (isSo) => { if (!isSo) throw new RangeError(); };
    const variable = (name) => demand(Deno.env.get(name) !== undefined);
    const attempts = {
      file: () => Deno.readTextFileSync("/etc/hostname"),
      config: () => Deno.readTextFileSync("sluice.yaml"),
      write: () => Deno.writeTextFileSync("left", ""),
      program: () => new Deno.Command("/bin/true").outputSync(),
      deno: () => new Deno.Command(Deno.execPath()).outputSync(),
      elsewhere: () => Deno.connect({ hostname: "127.0.0.1", port: ELSEWHERE }),
      library: () => Deno.dlopen("/lib/x86_64-linux-gnu/libc.so.6", {}),
      more: async () => demand((await Deno.permissions.request({ name: "run" })).state === "granted"),
      secret: () => variable("SECRET"),
      upstream: () => Deno.connect({ hostname: "127.0.0.1", port: UPSTREAM }),
      granted: () => variable("GRANTED_ONE"),
    };
    const result = {};
    for (const [name, attempt] of Object.entries(attempts)) {
      try { await attempt(); result[name] = "done"; } catch (error) { result[name] = error.name; }
    }
    return Response.json(result);
  },
};
`;

t.test("host code that turns hostile reads, runs and reaches nothing else, on any thread", async (t) => {
  const [upstream, elsewhere, port] = [await service(t), await service(t), await freePort()];
  const cwd = folder(t, {
    "plugins/hello.ts": attacker
      .replace("ELSEWHERE", String(elsewhere))
      .replace("UPSTREAM", String(upstream)),
    "sluice.yaml": `listeners: [{ address: "127.0.0.1:${port}" }]
clusters: { app: { endpoints: ["http://127.0.0.1:${upstream}"] } }
routes: [{ path: /, cluster: app }]
plugins: { directory: plugins, settings: { hello: { engine: inline, grants: { env: [GRANTED_ONE] } } } }
admin: false
`,
  });
  for (const workers of ["1", "2"]) {
    await using sluice = start(cwd, await plan(cwd, "--workers", workers));
    await sluice.said(/listening/);
    t.same(
      JSON.parse(await get(port)),
      {
        file: "NotCapable",
        config: "NotCapable",
        write: "NotCapable",
        program: "NotCapable",
        deno: "NotCapable",
        elsewhere: "NotCapable",
        library: "NotCapable",
        more: "RangeError",
        secret: "RangeError",
        upstream: "done",
        granted: "done",
      },
      `${workers} workers`,
    );
  }
});

t.test("a command with less than the configuration needs ends with one line that names it", async (t) => {
  const [upstream, port, admin] = [await service(t), await freePort(), await freePort()];
  const cwd = folder(t, { "plugins/hello.ts": answering("one") });
  const options = ["--upstream", `http://127.0.0.1:${upstream}`, "--listen", `127.0.0.1:${port}`];
  const command = await plan(cwd, ...options, "--plugins", "plugins", "--admin", "off");
  const operated = await plan(cwd, ...options, "--admin", `127.0.0.1:${admin}`);
  const deno = resolve("node_modules/deno/deno");
  const [, esbuild = ""] = /,([^, ]*esbuild)/.exec(command) ?? [];
  const starting = "Cannot start the data process";
  const narrower = [
    { less: `,127.0.0.1:${upstream}`, what: starting, missing: `--allow-net=127.0.0.1:${upstream}` },
    { less: `${deno},`, what: starting, missing: `--allow-run=${deno}` },
    { less: `,${esbuild}`, what: "Cannot compile the plugins", missing: `--allow-run=${esbuild}` },
    {
      from: operated,
      less: `,127.0.0.1:${admin}`,
      what: `Cannot listen on 127.0.0.1:${admin}`,
      missing: `--allow-net=127.0.0.1:${admin}`,
    },
    // Nothing is left open that keeps it alive.
    {
      from: await plan(cwd, ...options, "--plugins", "plugins", "--admin", `127.0.0.1:${admin}`),
      less: `,127.0.0.1:${admin}`,
      what: `Cannot listen on 127.0.0.1:${admin}`,
      missing: `--allow-net=127.0.0.1:${admin}`,
    },
  ];
  for (const { from = command, less, what, missing } of narrower) {
    t.match(from, less);
    await using sluice = start(cwd, from.replace(less, ""));
    t.equal(await sluice.ended, 1);
    t.equal(
      sluice.output,
      `sluice: ${what}: Deno was run without ${missing}; "sluice plan --deno" prints the whole command\n`,
    );
  }
});

t.test("a policy that the command does not suffice for is refused by the name of the option", async (t) => {
  const [upstream, port] = [await service(t), await freePort()];
  const config = `listeners: [{ address: "127.0.0.1:${port}" }]
clusters: { app: { endpoints: ["http://127.0.0.1:${upstream}"] } }
admin: false
`;
  const cwd = folder(t, { "sluice.yaml": config });
  const command = await plan(cwd);
  const refusal = /Cannot compile the plugins: Deno was run without --allow-run=\S*esbuild; /;
  await using serving = start(cwd, command);
  await serving.said(/listening/);
  writeFileSync(join(cwd, "sluice.yaml"), `${config}routes: [{ cluster: app, policies: [cors] }]\n`);
  await serving.said(refusal);
  t.equal(await get(port), "service", "the old one serves on");
  serving.kill("SIGTERM");
  await serving.ended;
  await using starting = start(cwd, command);
  t.equal(await starting.ended, 1);
  t.match(starting.output, refusal);
});

t.test(
  "a path with a comma, which Deno cannot be told, is refused where the command is planned",
  async (t) => {
    const cwd = folder(t, { "a,b/hello.ts": answering("one") });
    const args = [binary, "plan", "--deno", "--upstream", "http://127.0.0.1:9", "--plugins", "a,b"];
    await using planned = startProgram(process.execPath, args, { cwd, env });
    t.equal(await planned.ended, 1);
    t.match(planned.output, `of "${join(cwd, "a,b")}": it reads a comma as the end of a path`);
  },
);

t.test("a certificate that is a link, as certbot's are, is served and watched", async (t) => {
  const port = await freePort();
  const cwd = folder(t, {});
  const authority = createAuthority(cwd);
  for (const place of ["live", "archive"]) mkdirSync(join(cwd, place));
  for (const [name, file] of Object.entries(authority.issue("of-1", ["localhost"]))) {
    renameSync(file, join(cwd, `archive/${name}1.pem`));
    symlinkSync(`../archive/${name}1.pem`, join(cwd, `live/${name}.pem`));
  }
  writeFileSync(
    join(cwd, "sluice.yaml"),
    `listeners: [{ address: "127.0.0.1:${port}", tls: { certificates: [{ cert: live/cert.pem, key: live/key.pem }] } }]
clusters: { app: { endpoints: ["http://127.0.0.1:9"] } }
routes: [{ cluster: app }]
admin: false
`,
  );
  const subject = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ port, servername: "localhost", ca: authority.pem }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      }).on("error", reject);
    });
  await using sluice = start(cwd, await plan(cwd));
  await sluice.said(/listening/);
  t.equal(await subject(), "of-1");
  // Watching begins after the start.
  await delay(500);
  t.notMatch(sluice.output, /Cannot watch|NotCapable/);
});

t.test("a reload that needs more is refused, and what was served before is served on", async (t) => {
  const [upstream, other, port] = [await service(t, "first"), await service(t, "second"), await freePort()];
  const config = (to: number) => `listeners: [{ address: "127.0.0.1:${port}" }]
clusters: { app: { endpoints: ["http://127.0.0.1:${to}"] } }
routes: [{ path: /, cluster: app }]
admin: false
`;
  const cwd = folder(t, { "sluice.yaml": config(upstream) });
  await using sluice = start(cwd, await plan(cwd));
  await sluice.said(/listening/);
  writeFileSync(join(cwd, "sluice.yaml"), config(other));
  await sluice.said(
    new RegExp(`data process runs without --allow-net=127\\.0\\.0\\.1:${other}; start Sluice again`),
  );
  t.equal(await get(port), "first");
});

t.test("deno task start serves, reloads a plugin, and narrows who serves as far", async (t) => {
  const [upstream, port] = [await service(t), await freePort()];
  const cwd = folder(t, { "plugins/hello.ts": answering("one") });
  const options = ["--upstream", `http://127.0.0.1:${upstream}`, "--listen", `127.0.0.1:${port}`];
  const more = ["--plugins", join(cwd, "plugins"), "--admin", "off"];
  await using sluice = startProgram(join(bin, "deno"), ["task", "start", ...options, ...more], { env });
  await sluice.said(/listening/);
  t.equal(await get(port), "one");
  writeFileSync(join(cwd, "plugins/hello.ts"), answering("two"));
  await sluice.said(/Plugins reloaded/);
  t.equal(await get(port), "two");
  const [control] = childrenOf(sluice.pid);
  t.notMatch(control!.args.join(" "), /--allow-(all|ffi|run )|-A /);
  const [data] = childrenOf(control!.pid);
  t.match(data!.args.join(" "), ` --allow-net=127.0.0.1:${port},127.0.0.1:${upstream} `);
  t.notMatch(data!.args.join(" "), /--allow-(all|ffi|run|write)|-A /);
});

t.test("a built-in policy serves on Deno, in the proxy itself and in a sandbox", async (t) => {
  const [upstream, port] = [await service(t), await freePort()];
  const cwd = folder(t, {});
  for (const settings of ["", "plugins: { settings: { security-headers: { engine: quickjs } } }"]) {
    const text = `listeners: [{ address: "127.0.0.1:${port}" }]
admin: false
clusters: { app: { endpoints: ["http://127.0.0.1:${upstream}"] } }
routes: [{ cluster: app, policies: [security-headers] }]
${settings}
`;
    writeFileSync(join(cwd, "sluice.yaml"), text);
    await using sluice = start(cwd, await plan(cwd, "--config", "sluice.yaml"));
    await sluice.said(/listening/);
    const { headers } = await fetch(`http://127.0.0.1:${port}/`);
    t.equal(headers.get("x-content-type-options"), "nosniff");
    sluice.kill("SIGTERM");
    t.equal(await sluice.ended, 0);
  }
});

t.test("the cache on disk outlives a restart, with the permissions that it is given", async (t) => {
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    response.setHeader("cache-control", "max-age=600").end("x".repeat(400_000));
  });
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const [upstream, port] = [await listenLocally(server), await freePort()];
  const cwd = folder(t, {
    "sluice.yaml": `listeners: [{ address: "127.0.0.1:${port}" }]
clusters: { app: { endpoints: ["http://127.0.0.1:${upstream}"] } }
routes: [{ cluster: app, policies: [cache] }]
cache: { memory: 1MiB, disk: { path: disk } }
admin: false
`,
  });
  const stored = () => {
    const names = readdirSync(join(cwd, "disk", "reactor-0"));
    return names.filter((name) => !name.endsWith(".new")).length;
  };
  const command = await plan(cwd);
  for (let starts = 0; starts < 2; starts++) {
    await using sluice = start(cwd, command);
    await sluice.said(/listening/);
    // Until the folder is read, what is in it is asked for once more.
    for (let asks = 0; asks < 20; asks++) t.equal((await get(port, `/${starts}`)).length, 400_000);
    await until(() => stored() === starts + 1);
    const before = asked;
    t.equal((await get(port, "/0")).length, 400_000);
    t.equal(asked, before, "what the first one stored");
    t.notMatch(sluice.output, "The disk of the cache");
  }
});

function getBySocket(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: "/", agent: false }, async (response) => resolve(await text(response)))
      .on("error", reject)
      .end();
  });
}

t.test("one of two workers serves a Unix socket, and that is said", async (t) => {
  const [upstream, port] = [await service(t), await freePort()];
  const cwd = folder(t, {
    "sluice.yaml": `workers: 2
listeners: [{ name: local, address: "unix:./s.sock" }, { name: open, address: "127.0.0.1:${port}" }]
clusters: { app: { endpoints: ["http://127.0.0.1:${upstream}"] } }
routes: [{ path: /, cluster: app }]
admin: false
`,
  });
  await using sluice = start(cwd, await plan(cwd));
  await sluice.said(/One worker serves this listener alone/);
  t.match(sluice.output, /"listener":"local"[^\n]*One worker/);
  t.notMatch(sluice.output, /"listener":"open"[^\n]*One worker/);
  for (let asks = 0; asks < 8; asks++) {
    t.equal(await getBySocket(join(cwd, "s.sock")), "service");
    t.equal(await get(port), "service");
  }
  sluice.kill("SIGTERM");
  t.equal(await sluice.ended, 0);
});

for (const workers of ["1", "2"]) {
  t.test(`who serves ends with a control process that is killed, with ${workers} reactors`, async (t) => {
    const [upstream, port] = [await service(t), await freePort()];
    const cwd = folder(t, {});
    const options = ["--upstream", `http://127.0.0.1:${upstream}`, "--admin", "off", "--workers", workers];
    await using sluice = start(cwd, await plan(cwd, ...options, "--listen", `127.0.0.1:${port}`));
    await sluice.said(/listening/);
    const { pid: data } = childrenOf(sluice.pid)[0]!;
    t.equal(await get(port), "service");
    // What it was told and has not read when it is killed resets the channel, in the place of an end.
    sluice.kill("SIGSTOP");
    await delay(300);
    sluice.kill("SIGKILL");
    await until(() => !existsSync(`/proc/${data}`));
    t.pass("or its port could not be had again");
  });
}

t.test("an engine that is an addon of Node is refused in words, by check and at the start", async (t) => {
  const [upstream, port] = [await service(t), await freePort()];
  const cwd = folder(t, {
    "plugins/hello.ts": answering("one"),
    "sluice.yaml": `listeners: [{ address: "127.0.0.1:${port}" }]
clusters: { app: { endpoints: ["http://127.0.0.1:${upstream}"] } }
plugins: { directory: plugins, settings: { hello: { engine: isolated-vm } } }
admin: false
`,
  });
  const refusal = "Cannot use the engine isolated-vm: it is an addon of Node; use quickjs here";
  await using checked = startProgram(join(bin, "deno"), ["run", "--allow-all", binary, "check"], {
    cwd,
    env,
  });
  t.equal(await checked.ended, 78);
  t.match(checked.output, `plugins/hello.ts:1:1: ${refusal}`);
  await using sluice = start(cwd, await plan(cwd));
  t.not(await sluice.ended, 0);
  t.match(sluice.output, refusal);
});
