/** What a fuzzed exchange sends, what the service answers, and what has to become of both. */
import { gzipSync } from "node:zlib";
import type { Random } from "../../support/random.ts";
import { type Behaviour, behaviours, type Down, isBodyless, rewritesTo, type Up } from "./behaviours.ts";

export interface PlannedRoute {
  readonly path: string;
  /** Names of plugins, which are keys of `GatewayPlan.plugins`. */
  readonly policies: readonly string[];
  readonly responds: boolean;
  readonly retries: boolean;
  readonly mirrors: boolean;
}

export interface GatewayPlan {
  readonly plugins: Readonly<Record<string, { readonly name: string; readonly behaviour: Behaviour }>>;
  readonly routes: readonly PlannedRoute[];
  /** The exchanges of each connection. */
  readonly connections: readonly (readonly Exchange[])[];
}

export interface Exchange {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly minor: 0 | 1;
  readonly framing: "none" | "length" | "chunked";
  readonly body: string;
  readonly isCoded: boolean;
  readonly asksAnswer: boolean;
  readonly expects: boolean;
  readonly closes: boolean;
  /** Goes out before the response to the one before it has come. */
  readonly isPipelined: boolean;
  readonly answer: ServiceAnswer;
  /** Of the sizes of chunks and pieces. */
  readonly seed: number;
}

export interface ServiceAnswer {
  readonly kind: "length" | "chunked" | "close" | "204" | "304";
  readonly body: string;
  readonly interim: readonly string[];
  /** Before the request is whole. */
  readonly isEarly: boolean;
  readonly closes: boolean;
  /** The first time the connection is reset. */
  readonly resets: boolean;
}

const sizes = [0, 1, 2, 100, 100, 1000, 8191, 8192, 8193, 65_535, 65_536, 65_537, 200_000];
export const respondText = "the route's own";

export function planGateway(random: Random): GatewayPlan {
  const plugins: Record<string, GatewayPlan["plugins"][string]> = {};
  const add = (name: string, behaviour: Behaviour): string => {
    const plugin = `p${Object.keys(plugins).length}`;
    plugins[plugin] = { name, behaviour };
    return plugin;
  };
  const some = (most: number, targets: readonly string[]): string[] => {
    const names = Array.from({ length: random.int(1, most) }, () => random.pick(Object.keys(behaviours)));
    const policies = names.map((name) => add(name, behaviours[name]!));
    if (targets.length > 0 && random.chance(0.3)) {
      const path = `${random.pick(targets)}/again`;
      policies.push(add(`rewrites to ${path}`, rewritesTo(path)));
    }
    return policies;
  };
  const route = (path: string, policies: readonly string[], responds = false): PlannedRoute => ({
    path,
    policies,
    responds,
    retries: random.chance(0.5),
    mirrors: random.chance(0.25),
  });
  const routes = [
    route("/plain", []),
    route("/a", some(3, ["/b", "/plain", "/here"])),
    route("/b", random.chance(0.3) ? [] : some(2, ["/plain"])),
    route("/here", random.chance(0.5) ? [] : some(1, []), true),
  ];
  let id = 0;
  const connections = Array.from({ length: 8 }, () =>
    Array.from({ length: random.int(1, 5) }, () => planExchange(random, `e${id++}`)),
  );
  return { plugins, routes, connections };
}

function planExchange(random: Random, id: string): Exchange {
  const method = random.pick(["GET", "GET", "HEAD", "POST", "POST", "POST", "PUT"]);
  const minor = random.chance(0.15) ? 0 : 1;
  const framings = minor === 0 ? (["length"] as const) : (["length", "chunked", "chunked"] as const);
  const framing = random.chance(["GET", "HEAD"].includes(method) ? 0.85 : 0.1)
    ? "none"
    : random.pick(framings);
  const plain = framing === "none" ? "" : bodyOf(random, `${id}:q`);
  const isCoded = plain !== "" && random.chance(0.15);
  const kind = random.pick(["length", "length", "chunked", "chunked", "close", "204", "304"] as const);
  return {
    ...{ id, method, minor, framing, isCoded },
    path: `${random.pick(["/plain", "/a", "/a", "/b", "/here"])}/${id}`,
    body: plain,
    asksAnswer: random.chance(0.3),
    expects: framing !== "none" && minor === 1 && random.chance(0.1),
    closes: random.chance(0.1),
    isPipelined: random.chance(0.5),
    answer: {
      kind,
      body: kind === "204" || kind === "304" ? "" : bodyOf(random, `${id}:s`),
      interim: random.chance(0.15) ? ["103 Early Hints"] : [],
      isEarly: random.chance(0.1),
      closes: random.chance(0.1),
      resets: random.chance(0.08),
    },
    seed: random.int(0, 2 ** 31),
  };
}

/** A body that tells whose it is, and which looks like messages where it is taken apart. */
function bodyOf(random: Random, mark: string): string {
  const size = random.pick(sizes);
  const bait = `${mark} 0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a.test\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`;
  return bait.repeat(Math.ceil(size / bait.length)).slice(0, size);
}

/** The bytes of a body under its coding. */
export function bytesOf({ body, isCoded }: Exchange): Buffer {
  return isCoded ? gzipSync(body) : Buffer.from(body, "latin1");
}

/** What has to become of an exchange. */
export interface Prediction {
  readonly up: Up;
  /** Whether the service is to see it whole; null: it may. */
  readonly reachesService: boolean | null;
  /** What the client may get; a status of 0 is any. */
  readonly downs: readonly Down[];
  readonly mayBreak: boolean;
  readonly path: readonly string[];
}

export function predict(plan: GatewayPlan, exchange: Exchange): Prediction {
  const fields = new Map([["x-answer", exchange.asksAnswer ? "1" : "0"]]);
  const up: Up = {
    ...{ fields, path: exchange.path, cluster: "main", content: exchange.body, isCoded: exchange.isCoded },
    ...{
      hasBody: exchange.framing !== "none",
      answer: null,
      failure: null,
      mayRepeat: false,
      isSent: false,
      isVague: false,
    },
  };
  const met: string[] = [];
  let changesParts = false;
  let route = plan.routes.find(({ path }) => up.path.startsWith(path))!;
  for (let at = 0; at < route.policies.length; at++) {
    const plugin = route.policies[at]!;
    const before = up.path;
    const { behaviour } = plan.plugins[plugin]!;
    behaviour.up?.(up);
    // Whether one reads what the parts become, and whether what it gives is in parts for those before it, the docs do not say.
    if (changesParts && behaviour.members.includes("setBody")) up.content = null;
    if (changesParts && up.answer !== null && /await request/.test(behaviour.members))
      up.answer.content = null;
    changesParts ||= behaviour.members.includes("onRequestBody");
    if (up.answer !== null || up.failure === 500) break;
    met.push(plugin);
    if (up.path === before) continue;
    route = plan.routes.find(({ path }) => up.path.startsWith(path))!;
    at = -1;
  }
  const { answer } = exchange;
  const begin = (status: number, content: Down["content"]): Down => ({
    ...{
      status,
      content,
      isCoded: false,
      failure: null,
      answersHead: exchange.method === "HEAD",
    },
  });
  const through = (down: Down): Down => {
    let [changesParts, failsAtParts] = [false, false];
    for (const plugin of met.toReversed()) {
      const { members, down: change } = plan.plugins[plugin]!.behaviour;
      change?.(down);
      const replaces = /onResponse.*(setBody|new Response)/.test(members);
      if (changesParts && replaces) down.content = null;
      if (failsAtParts && replaces) down.failure ??= 500;
      changesParts ||= members.includes("onResponseBody");
      failsAtParts ||= /onResponseBody.*throw/.test(members);
    }
    if (isBodyless(down)) down.content = "";
    return down;
  };
  const isLoose = up.isVague || (up.failure !== null && met.length > 0);
  if (isLoose || (up.failure !== null && (answer.isEarly || route.responds))) {
    return { up, reachesService: null, downs: [begin(0, null)], mayBreak: true, path: met };
  }
  if (up.failure !== null) {
    return { up, reachesService: false, downs: [begin(up.failure, null)], mayBreak: false, path: met };
  }
  const finish = (downs: readonly Down[], reachesService: boolean | null): Prediction => ({
    up,
    reachesService,
    downs: downs.map((down) =>
      down.failure === null ? down : begin(met.length > 1 ? 0 : down.failure, null),
    ),
    mayBreak: downs.some(({ failure }) => failure !== null),
    path: met,
  });
  if (up.answer !== null) return finish([through(begin(up.answer.status, up.answer.content))], false);
  if (route.responds && !up.isSent) return finish([through(begin(200, respondText))], false);
  const status = answer.kind === "204" ? 204 : answer.kind === "304" ? 304 : 200;
  const served = through(begin(status, answer.body));
  const isSure = route.retries && !exchange.expects && up.content !== null && up.content.length < 4096;
  if (answer.resets && !isSure) return finish([served, through(begin(502, null))], null);
  return finish([served], answer.isEarly ? null : true);
}
