import t from "tap";
import { openTo, parsePriority, priorities } from "../../../core/upstream/overload/priority.ts";

t.test("a priority is one digit", async (t) => {
  t.same(["0", "1", "2", "3"].map(parsePriority), [0, 1, 2, 3]);
  for (const text of ["", "4", "-1", "00", "1.0", " 1", "1, 2", "high"])
    t.equal(parsePriority(text), null, text);
});

t.test("of a limit, less is open to what is less important, and one place always is", async (t) => {
  t.same(
    priorities.map((priority) => openTo(priority, 100)),
    [100, 90, 80, 70],
  );
  t.same(
    priorities.map((priority) => openTo(priority, 10)),
    [10, 9, 8, 7],
  );
  for (let limit = 1; limit <= 200; limit++) {
    const open = priorities.map((priority) => openTo(priority, limit));
    t.equal(open[0], limit, "all of it to the most important");
    for (let i = 1; i < open.length; i++) {
      t.ok(open[i]! >= 1);
      if (limit > i) t.ok(open[i]! < open[i - 1]! || open[i] === 1, `${open} of ${limit}`);
    }
  }
});
