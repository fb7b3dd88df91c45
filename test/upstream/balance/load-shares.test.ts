import t from "tap";
import { shareLoad, shareOfOwnZone } from "../../../core/upstream/balance/load-shares.ts";

const rules = { enough: 1 / 1.4, panic: 0.5 };

/** Levels of a hundred endpoints, by how many are healthy. */
function shares(healthy: readonly number[], { enough, panic } = rules): string {
  const levels = healthy.map((count) => ({ endpoints: 100, healthy: count }));
  return shareLoad(levels, { enough, panic })
    .map(({ share, panic: isPanic }) => `${Math.round(share * 100)}${isPanic ? "!" : ""}`)
    .join(" ");
}

t.test("two priorities share the load as the tables in Envoy's documentation say", async (t) => {
  t.equal(shares([100, 100]), "100 0");
  t.equal(shares([72, 100]), "100 0");
  t.equal(shares([71, 100]), "99 1");
  t.equal(shares([50, 100]), "70 30");
  t.equal(shares([25, 100]), "35 65");
  t.equal(shares([0, 100]), "0 100");
  t.equal(shares([72, 72]), "100 0");
  t.equal(shares([71, 71]), "99 1");
  t.equal(shares([50, 50]), "70 30");
  t.equal(shares([25, 25]), "50! 50!");
  t.equal(shares([5, 65]), "7! 93");
});

t.test("three priorities share the load as the table in Envoy's documentation says", async (t) => {
  t.equal(shares([100, 100, 100]), "100 0 0");
  t.equal(shares([72, 72, 100]), "100 0 0");
  t.equal(shares([71, 71, 100]), "99 1 0");
  t.equal(shares([50, 50, 100]), "70 30 0");
  t.equal(shares([25, 100, 100]), "35 65 0");
  t.equal(shares([25, 25, 100]), "35 35 30");
  t.equal(shares([25, 25, 20], { ...rules, panic: 0 }), "36 36 29");
});

t.test("while all together can carry the load nobody is in panic", async (t) => {
  t.equal(shares([10, 100]), "14 86");
  t.equal(shares([0, 0, 100]), "0 0 100");
  t.equal(shares([30, 30, 15]), "42 42 16");
  // Five fifths, of which rounding takes a little.
  t.equal(shares([16, 16, 16, 16, 16], { enough: 0.8, panic: 0.5 }), "20 20 20 20 20");
});

t.test("when they cannot, those below the threshold are in panic", async (t) => {
  t.equal(shares([60]), "100");
  t.equal(shares([50]), "100");
  t.equal(shares([49]), "100!");
  t.equal(shares([5, 60]), "8! 92");
});

t.test("when all are in panic, the load is shared by the number of endpoints", async (t) => {
  t.equal(shares([0]), "100!");
  t.equal(shares([20, 20]), "50! 50!");
  const levels = [
    { endpoints: 1, healthy: 0 },
    { endpoints: 3, healthy: 1 },
  ];
  t.same(shareLoad(levels, rules), [
    { share: 0.25, panic: true },
    { share: 0.75, panic: true },
  ]);
});

t.test("without a threshold the healthy carry all, and nobody does where none is", async (t) => {
  const never = { ...rules, panic: 0 };
  t.equal(shares([1], never), "100");
  t.equal(shares([1, 3], never), "25 75");
  t.equal(shares([0, 0], never), "0 0");
  t.same(shareLoad([], never), []);
});

t.test(
  "with enough at 0 one healthy endpoint carries all, with 1 every one that is missing counts",
  async (t) => {
    t.equal(shares([1, 100], { enough: 0, panic: 0 }), "100 0");
    t.equal(shares([0, 100], { enough: 0, panic: 0 }), "0 100");
    t.equal(shares([99, 100], { enough: 1, panic: 0 }), "99 1");
  },
);

t.test("the own zone keeps all while enough of it is healthy, then in proportion", async (t) => {
  const own = (healthy: number, elsewhere = 10) => shareOfOwnZone({ endpoints: 10, healthy }, elsewhere, 0.8);
  t.equal(own(10), 1);
  t.equal(own(8), 1);
  t.equal(own(4), 0.5);
  t.equal(own(0), 0);
  t.equal(own(1, 0), 1);
  t.equal(own(0, 0), 0);
});
