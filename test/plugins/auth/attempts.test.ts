import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { originOf } from "../../../plugins/auth/attempts.ts";

t.teardown(stopBundler);

t.test("attack: a network of 2^64 addresses counts as one", async (t) => {
  const one = originOf("2001:db8:1:2::1");
  for (const other of ["2001:DB8:1:2::ffff", "2001:db8:1:2:aaaa:bbbb:cccc:dddd", "2001:db8:1:2::1%eth0"]) {
    t.equal(originOf(other), one, other);
  }
  for (const other of ["2001:db8:1:3::1", "2001:db8:1::2:0:0:1", "::1", "10.0.0.1"])
    t.not(originOf(other), one);
  t.equal(originOf("10.0.0.1"), "10.0.0.1");
  t.not(originOf("::ffff:10.0.0.1"), originOf("::ffff:10.0.0.2"), "what is IPv4 counts by itself");
  t.equal(originOf(""), "");
});

t.test("who has an IPv6 address is counted, too", async (t) => {
  const strategies = [
    {
      type: "basic",
      attempts: 2,
      allowFast: true,
      users: [{ user: "a", password: `{SHA256}${"A".repeat(43)}=` }],
    },
  ];
  await using gateway = await testGateway({ plugins: [["auth", { strategies }]], client: "2001:db8::1" });
  const statuses: number[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const headers = { authorization: `Basic ${btoa(`a:${turn}`)}` };
    statuses.push((await gateway.fetch("/", { headers })).status);
  }
  t.same(statuses, [401, 401, 429, 429]);
});
