import t from "tap";
import { isAdminHost } from "../../../core/control/admin/host.ts";

const loopback = { host: "127.0.0.1", port: 9901 };

t.test("isAdminHost takes the names of this machine and the bound address", async (t) => {
  for (const host of [
    "127.0.0.1:9901",
    "127.0.0.1",
    "localhost:9901",
    "LOCALHOST",
    "[::1]:9901",
    "127.0.0.2",
  ]) {
    t.ok(isAdminHost(host, loopback), host);
  }
  t.ok(isAdminHost("admin.internal:9901", { host: "Admin.internal", port: 9901 }));
  t.ok(isAdminHost("10.0.0.5:9901", { host: "10.0.0.5", port: 9901 }));
});

t.test("DNS rebinding: isAdminHost refuses every other name", async (t) => {
  const hosts = [
    "evil.example",
    "evil.example:9901",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil.example#localhost",
    "localhost:9901:1",
    "[::1",
    "[localhost]x",
    "10.0.0.5",
    "",
    undefined,
  ];
  for (const host of hosts) t.notOk(isAdminHost(host, loopback), String(host));
});

t.test("isAdminHost takes any address, but no name, on a wildcard address", async (t) => {
  const wildcard = { host: "0.0.0.0", port: 9901 };
  t.ok(isAdminHost("10.1.2.3:9901", wildcard));
  t.ok(isAdminHost("[fd00::1]:9901", { host: "::", port: 9901 }));
  t.notOk(isAdminHost("evil.example:9901", wildcard));
});

t.test("isAdminHost leaves a Unix socket to its file permissions", async (t) => {
  t.ok(isAdminHost("anything", { path: "/run/sluice-admin.sock" }));
});
