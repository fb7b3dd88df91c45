import t, { type Test } from "tap";
import { type GatewaySettings, get, startGateway } from "../support/gateway.ts";
import { field, type Message } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

/** What the endpoint sees of a request. */
async function forwarded(t: Test, request: string, settings: GatewaySettings = {}): Promise<Message> {
  const seen: Message[] = [];
  const upstream = await startUpstream(t, (message) => {
    seen.push(message);
    return ok();
  });
  const proxy = await startGateway(t, upstream.address, settings);
  t.equal((await proxy.ask(request)).status, 200);
  t.equal(seen.length, 1);
  return seen[0]!;
}

const trusting = { forwarding: { trustedProxies: ["127.0.0.1"] } };

for (const [side, settings] of Object.entries({ "a stranger": {}, "a trusted proxy": trusting })) {
  t.test(`Connection of ${side} names no field away that counts [CVE-2024-45410]`, async (t) => {
    const named =
      "Content-Length, Host, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, Via, X-Request-Id";
    const request = `POST / HTTP/1.1\r\nHost: a.test\r\nConnection: ${named}\r\nVia: 1.1 b\r\nContent-Length: 4\r\n\r\nbody`;
    const seen = await forwarded(t, request, settings);
    t.equal(seen.body, "body");
    t.equal(field(seen, "host"), "a.test");
    t.equal(field(seen, "x-forwarded-for"), "127.0.0.1");
    t.equal(field(seen, "x-forwarded-proto"), "http");
    t.equal(field(seen, "x-forwarded-host"), "a.test");
    t.equal(field(seen, "via"), "1.1 b, 1.1 here");
    t.ok(field(seen, "x-request-id"));
    t.equal(field(seen, "connection"), null);
  });
}

t.test(
  "Connection cannot name Transfer-Encoding away, and so the body cannot become a request",
  async (t) => {
    const smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    const size = smuggled.length.toString(16);
    const request = `POST / HTTP/1.1\r\nHost: a\r\nConnection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n${smuggled}\r\n0\r\n\r\n`;
    t.equal((await forwarded(t, request)).body, smuggled);
  },
);

t.test("a field that Connection names away chooses no route, as the endpoint does not see it", async (t) => {
  const upstream = await startUpstream(t, () => ok());
  const headers = [{ name: "x-role", value: "staff" }];
  const path = { kind: "prefix", value: "/" } as const;
  const match = { host: null, path, methods: null, scheme: null, headers, query: [], cookies: [] };
  const proxy = await startGateway(t, upstream.address, { route: { match } });
  t.equal((await proxy.ask(get("/", "X-Role: staff"))).status, 200);
  t.equal((await proxy.ask(get("/", "X-Role: staff", "Connection: X-Role"))).status, 404);
});

const claims = [
  ...["X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil", "X-Real-IP: 6.6.6.6"],
  ...[
    "X-Forwarded-Prefix: /evil",
    "X-Forwarded-Port: 1",
    "X-Forwarded-Server: evil",
    "Forwarded: for=6.6.6.6",
  ],
  ...["X_Forwarded_For: 6.6.6.6", "X-Forwarded_Proto: https", "x_forwarded-host: evil", "X_Real_IP: 6.6.6.6"],
  ...["X_Forwarded_Prefix: /evil", "X_Request_Id: evil", "X-Request-Id: evil"],
];

t.test("a stranger's claims, and look-alikes of them, do not pass [CVE-2026-39858]", async (t) => {
  const seen = await forwarded(t, get("/", ...claims));
  t.notMatch(JSON.stringify(seen.fields), /evil|6\.6\.6\.6|https/);
  const names = seen.fields.map(([name]) => name).filter((name) => /^(x[-_]|forwarded)/i.test(name));
  t.same(names.sort(), ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Request-Id"]);
});

t.test("look-alikes do not pass from a trusted proxy either", async (t) => {
  const seen = await forwarded(t, get("/", ...claims), trusting);
  t.same(
    seen.fields.filter(([name]) => name.includes("_")),
    [],
  );
});

t.test("names of JavaScript's own are names like any other [CVE-2026-21710]", async (t) => {
  const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"];
  const request = get(
    "/",
    ...names.map((name) => `${name}: 1`),
    `Connection: ${names.slice(0, 2).join(", ")}`,
  );
  const seen = await forwarded(t, request);
  for (const name of names)
    t.equal(field(seen, name.toLowerCase()), names.indexOf(name) < 2 ? null : "1", name);
});

t.test("credentials in a request are in no answer and no record [CVE-2026-48615]", async (t) => {
  const upstream = await startUpstream(t, () => "broken\r\n\r\n");
  const proxy = await startGateway(t, upstream.address);
  const response = await proxy.ask(get("/", "Authorization: Bearer hunter2", "Cookie: sid=hunter2"));
  t.equal(response.status, 502);
  const malformed = await proxy.ask(get("/", "Authorization : Bearer hunter2"));
  t.equal(malformed.status, 400);
  await proxy.record(1);
  t.notMatch(JSON.stringify([response, proxy.records, proxy.log.lines]), "hunter2");
});
