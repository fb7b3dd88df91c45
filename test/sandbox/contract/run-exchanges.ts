import type { Test } from "tap";
import type { EngineName } from "../../../core/sandbox/engine.ts";
import { until } from "../../net/until.ts";
import { type Message, readMessage } from "../../support/message.ts";
import { type PolicyGateway, startPolicyGateway } from "../../support/policies.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";
import { type ExchangeCheck, pluginText, type Seen, type Sent } from "./check.ts";

/** Sends each check's messages through a gateway of its own. */
export async function runExchangeChecks(
  t: Test,
  engine: EngineName,
  checks: readonly ExchangeCheck[],
): Promise<void> {
  const arrived: Message[] = [];
  let answer = "";
  const upstream = await startUpstream(t, (request) => {
    arrived.push(request);
    return answer;
  });
  for (const check of checks) {
    const skip = check.exempt?.[engine] ?? false;
    await t.test(check.title, { skip }, async (t) => {
      const gateway = await startPolicyGateway(t, upstream.address, settingsOf(check, engine));
      for (const step of check.steps ?? [check]) {
        answer = step.answer ?? ok("upstream");
        arrived.length = 0;
        compare(t, await ask(gateway, step.send ?? {}), step.gets ?? { status: 200 }, "the client's");
        if (step.passes === null) t.equal(arrived.length, 0, "the endpoint is not asked");
        else if (step.passes !== undefined) compare(t, arrived[0]!, step.passes, "the endpoint's");
      }
      await compareTraces(t, gateway, check);
    });
  }
}

function settingsOf(check: ExchangeCheck, engine: EngineName) {
  const { plugin, settings = {}, environment = {} } = check;
  const texts = typeof plugin === "string" ? { "p.ts": plugin } : plugin;
  const plugins = Object.fromEntries(Object.entries(texts).map(([file, text]) => [file, pluginText(text)]));
  return { engine, plugins, settings: { p: settings }, environment };
}

async function ask(gateway: PolicyGateway, sent: Sent): Promise<Message> {
  const { method = "GET", target = "/", fields = [], body, chunks } = sent;
  const client = await gateway.connect();
  const framing =
    body !== undefined
      ? [`Content-Length: ${body.length}`]
      : chunks !== undefined
        ? ["Transfer-Encoding: chunked"]
        : [];
  const lines = [`${method} ${target} HTTP/1.1`, "Host: a.test", ...fields, ...framing];
  client.write(Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body ?? ""}`, "latin1"));
  if (chunks !== undefined) await sendChunks((text) => client.write(text), chunks);
  const response = await readMessage(client, { bodyless: method === "HEAD" });
  client.socket.destroy();
  return response;
}

async function sendChunks(write: (text: string) => void, chunks: readonly string[]): Promise<void> {
  for (const chunk of chunks) {
    write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  write("0\r\n\r\n");
}

function compare(t: Test, message: Message, seen: Seen, whose: string): void {
  if (seen.status !== undefined) t.equal(message.status, seen.status, `${whose} status`);
  if (seen.startLine !== undefined) t.match(message.startLine, seen.startLine, `${whose} start line`);
  if (seen.body !== undefined) t.match(message.body, seen.body, `${whose} body`);
  if (typeof seen.body === "string") t.equal(message.body, seen.body, `${whose} body`);
  if (seen.json !== undefined)
    t.strictSame(JSON.parse(utf8(message.body)), seen.json, `${whose} body as JSON`);
  for (const [name, expected] of Object.entries(seen.fields ?? {})) {
    const values = message.fields.filter(([found]) => found.toLowerCase() === name).map(([, value]) => value);
    const value = values.length === 0 ? null : values.join(", ");
    if (expected instanceof RegExp) t.match(value, expected, `${whose} ${name}`);
    else t.equal(value, expected, `${whose} ${name}`);
  }
}

async function compareTraces(
  t: Test,
  gateway: PolicyGateway,
  { logs, counts }: ExchangeCheck,
): Promise<void> {
  if (logs !== undefined) {
    await until(() => gateway.lines.length >= logs.length);
    t.match(
      gateway.lines.map(({ level, message }) => `${level} ${message}`),
      logs,
      "the log",
    );
  }
  if (counts !== undefined) {
    await until(() => gateway.counts.length >= counts.length);
    t.strictSame(gateway.counts, counts, "the counters");
  }
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString();
}
