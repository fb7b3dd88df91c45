/** A load that goes on at its own pace whatever happens to the service, and tells failures apart. */
import http from "node:http";
import { setTimeout as delay } from "node:timers/promises";

export interface SteadyLoad {
  readonly port: number;
  /** Keep-alive, each with one request at a time. */
  readonly connections: number;
  /** Requests per second of each connection, as long as each is answered before the next is due. */
  readonly rate: number;
  readonly seconds: number;
  /** A request that has no whole answer by then has failed, in ms. */
  readonly timeout: number;
}

export interface Failure {
  readonly kind: string;
  /** Since the begin of the load, in ms. */
  readonly at: number;
  readonly took: number;
  /** What the proxy says about it. */
  readonly said: string;
}

export interface SteadyResult {
  readonly requests: number;
  readonly failed: number;
  /** How many of each kind. */
  readonly kinds: Readonly<Record<string, number>>;
  /** The first ones of each kind. */
  readonly examples: readonly Failure[];
  /** Latency of all requests, failed ones included, in ms. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

interface Answer {
  /** Null: good. */
  readonly kind: string | null;
  readonly said: string;
}

const examplesOfKind = 10;
const expectedStatus = 200;

/** Requests in flight at the end are waited for: they count. */
export async function steadyLoad(load: SteadyLoad): Promise<SteadyResult> {
  const latencies: number[] = [];
  const kinds: Record<string, number> = {};
  const examples: Failure[] = [];
  const startedAt = performance.now();
  const period = 1000 / load.rate;

  async function lane(index: number): Promise<void> {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    let due = startedAt + (index / load.connections) * period;
    for (let turn = 0; due < startedAt + load.seconds * 1000; turn++) {
      const wait = due - performance.now();
      if (wait > 0) await delay(wait);
      const sentAt = performance.now();
      const { kind, said } = await ask(load, agent, `/${index}/${turn}`);
      const now = performance.now();
      latencies.push(now - sentAt);
      if (kind !== null) {
        kinds[kind] = (kinds[kind] ?? 0) + 1;
        if (kinds[kind] <= examplesOfKind)
          examples.push({ kind, at: Math.round(sentAt - startedAt), took: Math.round(now - sentAt), said });
      }
      // What was due while the last answer was waited for is left out: a load that catches up is not steady.
      due = Math.max(due + period, now);
    }
    agent.destroy();
  }

  await Promise.all(Array.from({ length: load.connections }, (_, index) => lane(index)));
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number) => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0;
  const failed = Object.values(kinds).reduce((sum, count) => sum + count, 0);
  return { requests: sorted.length, failed, kinds, examples, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** One GET; never throws. */
function ask({ port, timeout }: SteadyLoad, agent: http.Agent, path: string): Promise<Answer> {
  return new Promise((resolve) => {
    let began = false;
    let late = false;
    const request = http.get({ host: "127.0.0.1", port, path, agent }, (response) => {
      began = true;
      const said = [response.headers["proxy-status"], response.headers.via].filter(Boolean).join(" ");
      let body = "";
      response.setEncoding("latin1").on("data", (part: string) => {
        body += part;
      });
      response.on("error", broken);
      response.on("end", () => settle(judge(response.statusCode ?? 0, body, path), said));
    });
    const timer = setTimeout(() => {
      late = true;
      request.destroy(new Error("too late"));
    }, timeout);

    function broken(error: NodeJS.ErrnoException): void {
      if (late) settle(began ? "timeout in the body" : "timeout", "");
      else settle(began ? "broken answer" : `no answer (${error.code ?? error.message})`, error.message);
    }

    function settle(kind: string | null, said: string): void {
      clearTimeout(timer);
      resolve({ kind, said });
    }

    request.on("error", broken);
  });
}

function judge(status: number, body: string, path: string): string | null {
  if (status !== expectedStatus) return `status ${status}`;
  return body === path ? null : "answer to another request";
}
