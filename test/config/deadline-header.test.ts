import t from "tap";
import { loadConfig } from "../../core/config/load.ts";
import type { DeadlineHeader } from "../../core/config/model.ts";

function load(lines: string): DeadlineHeader | null {
  const text = `clusters:\n  app: { endpoints: ["http://127.0.0.1:1"] }\nroutes:\n  - cluster: app\n${lines}`;
  return loadConfig("/etc/sluice.yaml", text, { env: {} }).routes[0]!.deadlineHeader;
}

t.test("the field is a name, or a name and who is believed", async (t) => {
  t.equal(load(""), null);
  t.equal(load("    deadlineHeader: false\n"), null);
  t.same(load("    deadlineHeader: X-Time-Left\n"), { name: "x-time-left", from: "nobody" });
  t.same(load("    deadlineHeader: { header: x-a, from: trusted }\n"), { name: "x-a", from: "trusted" });
});

t.test("what cannot be such a field is refused where it stands", async (t) => {
  for (const [lines, message] of [
    ["    deadlineHeader: Content-Length\n", /:5:21.*expected the name of a field/],
    ["    deadlineHeader: { header: x-forwarded-for }\n", /:5:31.*expected the name of a field/],
    ['    deadlineHeader: "two words"\n', /:5:21.*expected the name of a field/],
    ["    deadlineHeader: { from: anyone }\n", /:5:.*expected header beside from/],
    ["    deadlineHeader: true\n", /:5:21.*expected false, a field name/],
    [
      "    priority: { header: x-a }\n    deadlineHeader: X-A\n",
      /:6:21.*expected another field than that of priority/,
    ],
  ] as const) {
    t.throws(() => load(lines), { message });
  }
});
