import t from "tap";
import { StickyCookie } from "../../../core/upstream/balance/sticky.ts";
import { equalHosts } from "./hosts.ts";

const config = { cookie: "sluice-endpoint", path: "/", ttl: 0, key: null };

t.test("the cookie that is set leads back to its endpoint, whatever stands beside it", async (t) => {
  const hosts = equalHosts(5);
  const sticky = new StickyCookie(config, "key", hosts);
  for (const host of hosts) {
    const pair = sticky.setCookie(host, false).split(";")[0]!;
    t.equal(sticky.find(pair), host);
    t.equal(sticky.find(`theme=dark; ${pair}; x=y`), host);
  }
});

t.test(
  "the cookie says where and how long it holds, and keeps away from scripts and other sites",
  async (t) => {
    const [host] = equalHosts(1);
    const set = (options: Partial<typeof config>, secure: boolean) =>
      new StickyCookie({ ...config, ...options }, "key", [host!])
        .setCookie(host!, secure)
        .replace(/=[A-Za-z0-9_-]{16};/, "=TOKEN;");
    t.equal(set({}, false), "sluice-endpoint=TOKEN; Path=/; HttpOnly; SameSite=Lax");
    t.equal(set({}, true), "sluice-endpoint=TOKEN; Path=/; HttpOnly; SameSite=Lax; Secure");
    const long = { cookie: "e", path: "/app", ttl: 3_600_000, key: null };
    t.equal(set(long, false), "e=TOKEN; Path=/app; Max-Age=3600; HttpOnly; SameSite=Lax");
    // Max-Age=0 would delete the cookie.
    t.match(set({ ttl: 1, key: null }, false), "; Max-Age=1;");
  },
);

t.test(
  "a cookie that is missing, foreign, forged or of an endpoint that is gone leads nowhere",
  async (t) => {
    const hosts = equalHosts(3);
    const sticky = new StickyCookie(config, "key", hosts);
    const forged = [
      "",
      "x=1",
      "sluice-endpoint=",
      "sluice-endpoint=__proto__",
      `sluice-endpoint=${hosts[0]!.name}`,
    ];
    for (const field of forged) t.equal(sticky.find(field), null, field);
    const pair = sticky.setCookie(hosts[2]!, false).split(";")[0]!;
    t.equal(new StickyCookie(config, "key", hosts.slice(0, 2)).find(pair), null);
  },
);

t.test("tokens are the same wherever the key is, differ with it, and show no address", async (t) => {
  const hosts = equalHosts(2);
  const token = (key: string) => new StickyCookie(config, key, hosts).setCookie(hosts[0]!, false);
  t.equal(token("key"), token("key"));
  t.not(token("key"), token("other"));
  t.notMatch(token("key"), hosts[0]!.name);
  t.notMatch(token("key"), Buffer.from(hosts[0]!.name).toString("base64url").slice(0, 8));
});
