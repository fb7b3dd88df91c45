import t from "tap";
import { WeightedDraw } from "../../../core/upstream/balance/weighted-draw.ts";
import { Random } from "../../support/random.ts";
import { tally, worstError } from "./hosts.ts";

/** Every place of [0, 1) once, in equal steps: the shares that come out are exact. */
function drawAll(weights: readonly number[], steps: number): number[] {
  let step = 0;
  const chance = new WeightedDraw(weights, () => (step++ + 0.5) / steps);
  return tally(
    Array.from({ length: steps }, () => chance.draw()),
    weights,
  );
}

t.test("an index is drawn in proportion to its weight", async (t) => {
  t.same(drawAll([1, 1], 1000), [500, 500]);
  t.same(drawAll([3, 1], 1000), [750, 250]);
  t.same(drawAll([1, 2, 7], 3000), [300, 600, 2100]);
  t.same(drawAll([5], 10), [10]);
});

t.test("any hundred weights come out within 1 %", async (t) => {
  const random = new Random(4);
  for (let round = 0; round < 5; round++) {
    const weights = Array.from({ length: 100 }, () => random.int(1, 100));
    t.ok(worstError(drawAll(weights, 1_000_000), weights) < 0.01);
  }
});

t.test("new weights replace the old ones", async (t) => {
  let step = 0;
  const chance = new WeightedDraw([1, 9], () => (step++ + 0.5) / 1000);
  chance.reweigh([3, 1]);
  t.same(
    tally(
      Array.from({ length: 1000 }, () => chance.draw()),
      [3, 1],
    ),
    [750, 250],
  );
});

t.test("the other one is never the same, and with equal weights any other", async (t) => {
  const random = new Random(5);
  const chance = new WeightedDraw([1, 1, 1, 1], () => random.next());
  const others = tally(
    Array.from({ length: 30_000 }, () => chance.drawOther(2)),
    [1, 1, 1, 1],
  );
  t.equal(others[2], 0);
  t.ok(worstError([others[0]!, others[1]!, others[3]!], [1, 1, 1]) < 0.05);
  const uneven = new WeightedDraw([1000, 1], () => random.next());
  for (let i = 0; i < 1000; i++) t.equal(uneven.drawOther(0), 1);
});
