/** Tokens on the way through a gateway, and attacks on them. */
import t, { type Test } from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { type TestGateway, testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { field } from "../../support/message.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const secrets = ["0123456789abcdef0123456789abcdef"];
const bound = { secrets, session: { cookie: "sid" } };

type Engine = "inline" | "isolated-vm" | "quickjs";

interface Service {
  readonly asked: Request[];
  answer: (request: Request) => Response;
}

async function start(tokens: object = bound, engine?: Engine, before: readonly object[] = []) {
  const service: Service = { asked: [], answer: () => new Response("page") };
  const gateway = await testGateway({
    plugins: [...(before as never[]), ["csrf", { tokens }]],
    upstream(request) {
      service.asked.push(request);
      return service.answer(request);
    },
    ...(engine !== undefined && { engine }),
  });
  return { gateway, service, [Symbol.asyncDispose]: () => gateway.close() };
}

/** The token that a page gets. */
async function tokenFor(gateway: TestGateway, cookie = ""): Promise<string> {
  const response = await gateway.fetch("/page", { headers: cookie === "" ? {} : { cookie } });
  return tokenIn(response);
}

function tokenIn(response: Response): string {
  return /^__Host-csrf=([^;]+)/.exec(response.headers.getSetCookie().at(-1) ?? "")?.[1] ?? "";
}

const post = (gateway: TestGateway, headers: Record<string, string>, body?: string) =>
  gateway.fetch("/change", { method: "POST", headers, ...(body !== undefined && { body }) });

const form = "application/x-www-form-urlencoded";

onEachEngine("a page gets a token, and what it sends with it reaches the service", async (t, engine) => {
  await using csrf = await start(bound, engine);
  const { gateway, service } = csrf;
  const page = await gateway.fetch("/page", { headers: { cookie: "sid=alice" } });
  const [line = ""] = page.headers.getSetCookie();
  t.match(line, /^__Host-csrf=\S+; Path=\/; Max-Age=43200; SameSite=Lax; Secure$/);
  t.equal(page.headers.get("cache-control"), "private");
  const token = tokenIn(page);
  const cookie = `sid=alice; __Host-csrf=${token}`;
  t.equal((await post(gateway, { cookie, "x-csrf-token": token })).status, 200);
  const body = `a=1&csrf_token=${token}`;
  t.equal((await post(gateway, { cookie, "content-type": form }, body)).status, 200);
  t.equal(await service.asked.at(-1)!.text(), body, "the form goes on as it came");
  const again = await gateway.fetch("/page", { headers: { cookie } });
  t.same(again.headers.getSetCookie(), [], "it has one");
  t.same(gateway.faults, []);
});

onEachEngine("a request without a token is refused", async (t, engine) => {
  await using csrf = await start(bound, engine);
  const { gateway, service } = csrf;
  const refused = await post(gateway, { cookie: "sid=alice" });
  t.equal(refused.status, 403);
  t.match(await refused.json(), { code: "csrf_token_missing" });
  for (const body of ["", "a=1", "xcsrf_token=1"])
    t.match(await (await post(gateway, { cookie: "sid=alice", "content-type": form }, body)).json(), {
      code: "csrf_token_missing",
    });
  t.equal(service.asked.length, 0);
});

onEachEngine("Attack: the token of another session", async (t, engine) => {
  await using csrf = await start(bound, engine);
  const { gateway, service } = csrf;
  const mallory = await tokenFor(gateway, "sid=mallory");
  const before = service.asked.length;
  for (const cookie of ["sid=alice", `sid=alice; __Host-csrf=${mallory}`, `__Host-csrf=${mallory}`]) {
    const refused = await post(gateway, { cookie, "x-csrf-token": mallory });
    t.equal(refused.status, 403, cookie);
    t.match(await refused.json(), { code: "csrf_token_refused" });
  }
  t.equal(service.asked.length, before);
});

t.test(
  "Attack: a page of a subdomain sets the session or the token for the whole domain (cookie tossing)",
  async (t) => {
    await using csrf = await start();
    const { gateway } = csrf;
    const mallory = await tokenFor(gateway, "sid=mallory");
    const alice = await tokenFor(gateway, "sid=alice");
    for (const cookie of ["sid=mallory; sid=alice", "sid=alice; sid=mallory"]) {
      for (const token of [mallory, alice])
        t.equal((await post(gateway, { cookie, "x-csrf-token": token })).status, 403, cookie);
    }
    const nobody = await tokenFor(gateway);
    const others = await tokenFor(gateway);
    const tossed = `__Host-csrf=${others}; __Host-csrf=${nobody}`;
    for (const token of [nobody, others])
      t.equal((await post(gateway, { cookie: tossed, "x-csrf-token": token })).status, 403);
    t.equal((await gateway.fetch("/page", { headers: { cookie: "sid=a; sid=b" } })).status, 200);
  },
);

t.test("Attack: a token without a session, of a visit of the attacker's own", async (t) => {
  await using csrf = await start();
  const { gateway } = csrf;
  const token = await tokenFor(gateway);
  t.equal((await post(gateway, { "x-csrf-token": token })).status, 403, "the browser has not got it");
  const own = await tokenFor(gateway);
  t.equal((await post(gateway, { cookie: `__Host-csrf=${own}`, "x-csrf-token": token })).status, 403);
  t.equal((await post(gateway, { cookie: `__Host-csrf=${own}`, "x-csrf-token": own })).status, 200);
  t.equal(
    (await post(gateway, { cookie: `sid=alice; __Host-csrf=${own}`, "x-csrf-token": own })).status,
    403,
  );
});

t.test(
  "Attack: another subdomain plants a token, in a cookie that browsers do not hold to be of __Host-",
  async (t) => {
    await using csrf = await start();
    const { gateway } = csrf;
    const token = await tokenFor(gateway);
    const status = async (cookie: string) => (await post(gateway, { cookie, "x-csrf-token": token })).status;
    t.equal(await status(`__Host-csrf=${token}`), 200);
    for (const before of ["\xa0", "a=1,", "a=1, ", "a=1;\xa0"]) {
      t.equal(await status(`${before}__Host-csrf=${token}`), 403, JSON.stringify(before));
    }
    const bound = await tokenFor(gateway, "sid=mallory");
    const planted = { cookie: "\xa0sid=mallory", "x-csrf-token": bound };
    t.equal((await post(gateway, planted)).status, 403, "the service does not see that session either");
  },
);

t.test("Attack: two tokens, of which the service may take the other one", async (t) => {
  await using csrf = await start();
  const token = await tokenFor(csrf.gateway, "sid=alice");
  const headers = { cookie: "sid=alice", "content-type": form };
  const body = `csrf_token=${token}&csrf_token=x`;
  t.equal((await post(csrf.gateway, headers, body)).status, 403);
  const both = { ...headers, "x-csrf-token": "x" };
  t.equal((await post(csrf.gateway, both, `csrf_token=${token}`)).status, 403, "the header counts");
});

t.test("Attack: a form that is to fill the memory", async (t) => {
  await using csrf = await start({ ...bound, formBytes: 1000 });
  const { gateway, service } = csrf;
  const token = await tokenFor(gateway, "sid=alice");
  const headers = { cookie: "sid=alice", "content-type": form };
  const long = `a=${"x".repeat(2000)}&csrf_token=${token}`;
  const refused = await post(gateway, headers, long);
  t.equal(refused.status, 413);
  t.match(await refused.json(), { code: "form_too_long" });
  const streamed = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(long));
      controller.close();
    },
  });
  const init = { method: "POST", headers, body: streamed, duplex: "half" } as RequestInit;
  t.equal((await gateway.fetch("/change", init)).status, 413, "its length is not told");
  t.equal(
    (await post(gateway, { ...headers, "x-csrf-token": token }, long)).status,
    200,
    "it need not be read",
  );
  const json = { ...headers, "content-type": "application/json" };
  t.equal((await post(gateway, json, long)).status, 403, "other bodies are not looked through");
  t.equal(service.asked.length, 2);
});

t.test("a token does not help a page of another origin", async (t) => {
  await using csrf = await start();
  const token = await tokenFor(csrf.gateway, "sid=alice");
  const headers = { cookie: "sid=alice", "x-csrf-token": token, "sec-fetch-site": "cross-site" };
  t.match(await (await post(csrf.gateway, headers)).json(), { code: "cross_origin_request" });
});

t.test("who logs in gets a token of the new session, and who logs out loses it", async (t) => {
  await using csrf = await start();
  const { gateway, service } = csrf;
  const first = await tokenFor(gateway);
  service.answer = () => new Response("in", { headers: { "set-cookie": "sid=alice; HttpOnly" } });
  const login = await post(gateway, { cookie: `__Host-csrf=${first}`, "x-csrf-token": first });
  const token = tokenIn(login);
  t.not(token, first);
  t.equal((await post(gateway, { cookie: "sid=alice", "x-csrf-token": token })).status, 200);
  service.answer = () => new Response("out", { headers: { "set-cookie": "sid=; Max-Age=0" } });
  const logout = await post(gateway, { cookie: "sid=alice", "x-csrf-token": token });
  const last = tokenIn(logout);
  service.answer = () => new Response("page");
  t.equal((await post(gateway, { cookie: `__Host-csrf=${last}`, "x-csrf-token": last })).status, 200);
  t.equal((await post(gateway, { cookie: `__Host-csrf=${token}`, "x-csrf-token": token })).status, 403);
});

t.test("a token may belong to the identity that a policy before this one found", async (t) => {
  const who = {
    name: "who",
    source: `export default { capabilities: { identity: true }, onRequest(request, ctx) {
      const subject = request.headers.get("x-user");
      if (subject !== null) ctx.identity = { subject, method: "test", claims: {}, scopes: [], groups: [] };
    } };`,
  };
  await using csrf = await start({ secrets }, undefined, [who]);
  const { gateway } = csrf;
  const token = tokenIn(await gateway.fetch("/", { headers: { "x-user": "alice" } }));
  t.equal((await post(gateway, { "x-user": "alice", "x-csrf-token": token })).status, 200);
  t.equal((await post(gateway, { "x-user": "bob", "x-csrf-token": token })).status, 403);
});

t.test(
  "the service gets the token for its page if it is to, and not one that the client made up",
  async (t) => {
    const tokens = {
      ...bound,
      toService: "x-page-token",
      cookie: { httpOnly: true, name: "csrf", secure: false },
    };
    await using csrf = await start(tokens);
    const { gateway, service } = csrf;
    const headers = { cookie: "sid=alice", "x-page-token": "made-up" };
    const page = await gateway.fetch("/", { headers });
    const [line = ""] = page.headers.getSetCookie();
    t.match(line, /^csrf=\S+; Path=\/; Max-Age=43200; SameSite=Lax; HttpOnly$/);
    const token = service.asked[0]!.headers.get("x-page-token")!;
    t.ok(line.includes(`csrf=${token};`));
    await gateway.fetch("/", { headers: { cookie: `sid=alice; csrf=${token}` } });
    t.equal(service.asked[1]!.headers.get("x-page-token"), token, "as long as it is good it is the same");
    await gateway.fetch("/logo.png", { headers: { ...headers, "sec-fetch-dest": "image" } });
    t.equal(service.asked[2]!.headers.get("x-page-token"), null);
  },
);

t.test("images and scripts bring no token: the page's own would be another one by then", async (t) => {
  await using csrf = await start();
  for (const [dest, count] of [
    ["image", 0],
    ["script", 0],
    ["style", 0],
    ["document", 1],
    ["empty", 1],
  ] as const) {
    const response = await csrf.gateway.fetch("/", { headers: { "sec-fetch-dest": dest } });
    t.equal(response.headers.getSetCookie().length, count, dest);
  }
});

t.test("secrets change without anybody's page failing", async (t) => {
  const next = ["fedcba9876543210fedcba9876543210", ...secrets];
  await using csrf = await start();
  const { gateway } = csrf;
  const token = await tokenFor(gateway, "sid=alice");
  await gateway.reload([["csrf", { tokens: { ...bound, secrets: next } }]]);
  const cookie = `sid=alice; __Host-csrf=${token}`;
  t.equal((await post(gateway, { cookie, "x-csrf-token": token })).status, 200);
  const fresh = await tokenFor(gateway, cookie);
  t.not(fresh, token);
  await gateway.reload([["csrf", { tokens: { ...bound, secrets: next.slice(0, 1) } }]]);
  t.equal((await post(gateway, { cookie, "x-csrf-token": token })).status, 403);
  t.equal((await post(gateway, { cookie, "x-csrf-token": fresh })).status, 200);
});

t.test(
  "a cookie that browsers would drop, and a short secret, are refused when they are loaded",
  async (t) => {
    const refused = async (t: Test, tokens: object, message: RegExp) =>
      t.rejects(testGateway({ plugins: [["csrf", { tokens }]] }), { message });
    await refused(t, { secrets, cookie: { secure: false } }, /__Host-csrf needs secure/);
    await refused(t, { secrets, cookie: { path: "/app" } }, /__Host-csrf needs secure: true and path/);
    await refused(t, { secrets, cookie: { name: "__Secure-a", secure: false } }, /__Secure-a needs secure/);
    await refused(t, { secrets, cookie: { name: "a", secure: false, sameSite: "None" } }, /sameSite/);
    await refused(t, { secrets, cookie: { name: "a", path: "/a; Domain=x" } }, /path must match/);
    await refused(t, { secrets: ["short"] }, /32/);
  },
);

t.test("a browser's visit on real sockets", async (t) => {
  const service = await startUpstream(t, () => ok("here"));
  const config = { tokens: bound };
  const { ask } = await startBuiltInGateway(t, service.address, [{ plugin: "csrf", config }]);
  const page = await ask(get("/", "Cookie: sid=alice"));
  const [, token] = /__Host-csrf=([^;]+)/.exec(field(page, "set-cookie")!)!;
  const send = (...fields: string[]) =>
    ask(get("/", "Cookie: sid=alice", ...fields).replace("GET", "DELETE"));
  t.equal((await send(`X-CSRF-Token: ${token}`)).status, 200);
  t.equal((await send()).status, 403);
  t.equal((await send(`X-CSRF-Token: ${token}`, `X-CSRF-Token: ${token}`)).status, 403, "twice is none");
});
