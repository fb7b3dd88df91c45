import t from "tap";
import { suggest } from "../../core/config/suggest.ts";

const keys = ["listeners", "clusters", "routes", "limits", "timeouts", "via"];

t.test("suggest finds the key that was meant", async (t) => {
  t.equal(suggest("listners", keys), "listeners");
  t.equal(suggest("Routes", keys), "routes");
  t.equal(suggest("timeuots", keys), "timeouts", "two neighbours swapped are one edit");
  t.equal(suggest("limit", keys), "limits");
});

t.test("suggest stays silent when nothing is near", async (t) => {
  t.equal(suggest("plugins", keys), null);
  t.equal(suggest("x", keys), null);
  t.equal(suggest("l".repeat(100_000), keys), null);
});
