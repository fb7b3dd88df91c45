import { createHmac } from "node:crypto";
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

const secret = "whsec_0123456789";
const body = '{"event":"paid", "name":"Zoë"}';
const hmac = (text: string, key = secret) => createHmac("sha256", key).update(text).digest("hex");
const nowInSeconds = () => Math.floor(Date.now() / 1000);

type Sign = (text: string, key?: string, time?: number) => Record<string, string>;

const sign: Record<"github" | "stripe" | "slack", Sign> = {
  github: (text, key) => ({ "x-hub-signature-256": `sha256=${hmac(text, key)}` }),
  stripe: (text, key, time = nowInSeconds()) => ({
    "stripe-signature": `t=${time},v1=${hmac(`${time}.${text}`, key)}`,
  }),
  slack: (text, key, time = nowInSeconds()) => ({
    "x-slack-signature": `v0=${hmac(`v0:${time}:${text}`, key)}`,
    "x-slack-request-timestamp": String(time),
  }),
};
const senders = Object.keys(sign) as (keyof typeof sign)[];

function start(sender: string, settings: object = {}, options: object = {}) {
  const strategy = { type: "webhook", sender, secrets: [secret], ...settings };
  return testGateway({
    plugins: [["auth", { strategies: [strategy] }]],
    upstream: async (request: Request) =>
      Response.json({ body: await request.text(), subject: request.headers.get("x-auth-subject") }),
    ...options,
  });
}

const post = (headers: Record<string, string>, text = body) => ({ method: "POST", headers, body: text });

for (const sender of senders) {
  onEachEngine(`a call of ${sender} passes once, with its body`, async (t, engine) => {
    await using gateway = await start(sender, {}, { engine });
    const call = post(sign[sender](body));
    const response = await gateway.fetch("/hook", call);
    t.equal(response.status, 200);
    t.same(await response.json(), { body, subject: sender });
    const again = await gateway.fetch("/hook", call);
    t.equal(again.status, 401, "replayed");
    t.equal(again.headers.get("www-authenticate"), `Webhook realm="${sender}"`);
    t.equal(gateway.metrics.counter("refused_replayed"), 1);
    t.same(gateway.faults, []);
  });

  t.test(`attack: calls of ${sender} that somebody else signed, or changed`, async (t) => {
    await using gateway = await start(sender);
    const good = sign[sender](body);
    for (const [headers, text] of [
      [{}, body],
      [sign[sender](body, "another secret"), body],
      [good, `${body} `],
      [good, ""],
    ] as const) {
      t.equal((await gateway.fetch("/", post(headers, text))).status, 401);
    }
    t.equal((await gateway.fetch("/", post(good))).status, 200, "refused calls use nothing up");
  });
}

for (const sender of ["stripe", "slack"] as const) {
  t.test(`attack: a call of ${sender} that was kept, or that comes from the future`, async (t) => {
    await using gateway = await start(sender, { tolerance: 60 });
    for (const shift of [-70, 70]) {
      const call = post(sign[sender](body, secret, nowInSeconds() + shift));
      t.equal((await gateway.fetch("/", call)).status, 401, String(shift));
    }
    t.equal(gateway.metrics.counter("refused_stale"), 2);
    const call = post(sign[sender](body, secret, nowInSeconds() - 30));
    t.equal((await gateway.fetch("/", call)).status, 200);
  });
}

t.test("attack: the time of a signature is exchanged for the present one", async (t) => {
  await using gateway = await start("slack");
  const old = sign.slack(body, secret, nowInSeconds() - 3600);
  const headers = { ...old, "x-slack-request-timestamp": String(nowInSeconds()) };
  t.equal((await gateway.fetch("/", post(headers))).status, 401);
});

t.test("attack: a call with two signatures comes again with the other one", async (t) => {
  await using gateway = await start("stripe", { secrets: [secret, "an older secret"] });
  const time = nowInSeconds();
  const [one, other] = [secret, "an older secret"].map((key) => `v1=${hmac(`${time}.${body}`, key)}`);
  const send = async (...signatures: (string | undefined)[]) =>
    (await gateway.fetch("/", post({ "stripe-signature": [`t=${time}`, ...signatures].join(",") }))).status;
  t.equal(await send(one, other), 200);
  t.equal(await send(other), 401);
  t.equal(await send(one), 401);
});

t.test("attack: a call comes again in capitals, and while a secret is added", async (t) => {
  await using gateway = await start("github");
  t.equal((await gateway.fetch("/", post(sign.github(body)))).status, 200);
  const loud = { "x-hub-signature-256": `sha256=${hmac(body).toUpperCase()}` };
  t.equal((await gateway.fetch("/", post(loud))).status, 401);
  const secrets = ["a newer secret", secret];
  await gateway.reload([["auth", { strategies: [{ type: "webhook", sender: "github", secrets }] }]]);
  t.equal((await gateway.fetch("/", post(sign.github(body)))).status, 401);
});

t.test("attack: many copies at once, of which one passes", async (t) => {
  await using gateway = await start("github");
  const copies = Array.from({ length: 20 }, () => gateway.fetch("/", post(sign.github(body))));
  const statuses = (await Promise.all(copies)).map(({ status }) => status);
  t.equal(statuses.filter((status) => status === 200).length, 1);
});

t.test("a call without a time is known for as long as the window, and without one forever new", async (t) => {
  const clock = { clock: "stopped" };
  await using gateway = await start("github", { replayWindow: 10 }, clock);
  const send = async (to: typeof gateway) => (await to.fetch("/", post(sign.github(body)))).status;
  t.same([await send(gateway), await send(gateway)], [200, 401]);
  await gateway.clock.advance(11_000);
  t.equal(await send(gateway), 200);
  await using open = await start("github", { replayWindow: 0 });
  t.same([await send(open), await send(open)], [200, 200]);
});

t.test("two webhooks on one route read one body, and each knows its own", async (t) => {
  const strategies = [secret, "another secret"].map((key, index) => ({
    type: "webhook",
    sender: "github",
    secrets: [key],
    subject: `hook-${index}`,
  }));
  await using gateway = await start("github", {}, { plugins: [["auth", { strategies }]] });
  const response = await gateway.fetch("/", post(sign.github(body, "another secret")));
  t.same(await response.json(), { body, subject: "hook-1" });
});

t.test("attack: a body that is too long to check is refused", async (t) => {
  const strategy = { type: "webhook", sender: "github", secrets: [secret] };
  const entry = { plugin: "auth", config: { strategies: [strategy] }, limits: { body: "1KiB" } };
  await using gateway = await start("github", {}, { plugins: [entry] });
  const long = "x".repeat(2000);
  t.equal((await gateway.fetch("/", post(sign.github(long), long))).status, 413);
});

onEachEngine("a config without a usable secret is refused, and the message holds none", async (t, engine) => {
  for (const settings of [
    { secrets: [] },
    { secrets: ["hunter2"] },
    { secrets: [secret], sender: "gitlab" },
  ]) {
    const error = await start("github", settings, { engine }).then(
      () => null,
      (reason: Error) => reason,
    );
    t.match(error?.message, /strategies\/0\/(secrets|sender)/);
    t.notMatch(error?.message, /hunter2|whsec/);
  }
});

for (const engine of [undefined, "quickjs"] as const) {
  t.test(`a real call is checked byte by byte, engine: ${engine ?? "its own"}`, async (t) => {
    const service = await startUpstream(t, () => ok("here"));
    const config = { strategies: [{ type: "webhook", sender: "github", secrets: [secret] }] };
    const { ask } = await startBuiltInGateway(
      t,
      service.address,
      [{ plugin: "auth", config }],
      engine && { engine },
    );
    const paid = '{"event":"paid"}';
    const call = (text: string) =>
      `POST /hook HTTP/1.1\r\nHost: a\r\nX-Hub-Signature-256: sha256=${hmac(paid)}\r\n` +
      `Content-Length: ${text.length}\r\n\r\n${text}`;
    t.equal((await ask(call(paid.replace("paid", "free")))).status, 401);
    t.equal((await ask(call(paid))).status, 200);
    t.equal((await ask(call(paid))).status, 401);
  });
}
