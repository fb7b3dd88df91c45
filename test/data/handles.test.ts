import t from "tap";
import { HandleTable, handleKey } from "../../core/data/handles.ts";

const tcp = { host: "127.0.0.1", port: 8080 };
const unix = { path: "/run/sluice.sock" };

t.test("HandleTable gives each socket to its listener and reactor, once", async (t) => {
  const table = new HandleTable();
  table.add({ key: handleKey(tcp), reactor: 0 }, "tcp 0");
  table.add({ key: handleKey(tcp), reactor: 1 }, "tcp 1");
  table.add({ key: handleKey(unix), reactor: 0 }, "unix 0");
  t.equal(table.take(tcp, 1), "tcp 1");
  t.equal(table.take(tcp, 1), undefined);
  t.equal(table.take(tcp, 0), "tcp 0");
  t.equal(table.take(unix, 0), "unix 0");
  t.equal(table.take(unix, 1), undefined);
});

t.test("handleKey tells addresses apart", async (t) => {
  const addresses = [
    tcp,
    unix,
    { host: "127.0.0.1", port: 808 },
    { host: "::1", port: 8080 },
    { path: "8080" },
  ];
  t.equal(new Set(addresses.map(handleKey)).size, addresses.length);
});
