import t from "tap";
import { JumpingClock } from "../../core/testing/test-clock.ts";

t.test("what is overdue when a running clock has jumped is a timer without a warning", async (t) => {
  const warnings: string[] = [];
  const onWarning = ({ name }: Error) => void warnings.push(name);
  process.on("warning", onWarning);
  t.teardown(() => void process.off("warning", onWarning));
  const clock = new JumpingClock(true);
  await new Promise<void>((resolve) => void clock.after(-5, resolve));
  await new Promise((resolve) => setTimeout(resolve, 1));
  t.same(warnings, []);
});
