import t from "tap";
import { readOptions } from "../../bench/options.ts";

t.test("readOptions saves complete rows at full length only", async (t) => {
  t.ok(readOptions([]).save);
  t.ok(readOptions(["--rows", "small,tls", "--rounds", "5"]).save);
  t.notOk(readOptions(["--quick"]).save);
  t.notOk(readOptions(["--quick", "--rounds", "3", "--seconds", "4"]).save);
  t.notOk(readOptions(["--only", "nginx"]).save);
  t.notOk(readOptions(["--seconds", "1"]).save);
});

t.test("readOptions refuses what it does not know", async (t) => {
  t.throws(() => readOptions(["--fast"]), TypeError);
  t.throws(() => readOptions(["--seconds", "0.5"]), {
    message: "Cannot use --seconds 0.5: expected a whole number",
  });
});
