import fc from "fast-check";
import t from "tap";
import {
  Flights,
  type Landing,
  type Leader,
  type Turn,
  type Waiter,
} from "../../../../plugins/cache/flights/flights.ts";

const limits = { patience: 100, apart: 1000, maximum: 3 };

/** Flights, and what their requests were told; each request is a letter. */
function airport() {
  const flights = new Flights(limits);
  const told: string[] = [];
  const people = new Map<string, Waiter>();
  const leaders = new Map<string, Leader>();
  const wanted: string[] = [];
  const leaderOf = (name: string) => {
    const leader = leaders.get(name) ?? { wanted: () => wanted.push(name) };
    leaders.set(name, leader);
    return leader;
  };
  return {
    flights,
    told,
    wanted,
    board(key: string, name: string, now: number) {
      const boarding = flights.board(key, leaderOf(name), now);
      if (boarding !== "wait") return boarding;
      const go = (turn: Turn) => told.push(`${name} ${turn}`);
      const waiter = { key, leader: leaderOf(name), until: now + limits.patience, go };
      people.set(name, waiter);
      flights.wait(waiter);
      return boarding;
    },
    land: (key: string, name: string, landing: Landing, now: number) =>
      flights.land(key, leaderOf(name), landing, now),
    leave: (name: string) => flights.leave(people.get(name)!),
  };
}

t.test("one goes to the origin, the others wait and look when it is back", async (t) => {
  const { board, land, told } = airport();
  t.same([board("k", "a", 0), board("k", "b", 1), board("other", "c", 1)], ["lead", "wait", "lead"]);
  land("k", "a", "shared", 5);
  t.same(told, ["b look"]);
  t.equal(board("k", "d", 6), "lead");
});

t.test(
  "an answer for one alone sends the others on, and nobody waits for that key for a while",
  async (t) => {
    const { board, land, told } = airport();
    board("k", "a", 0);
    board("k", "b", 0);
    board("k", "c", 0);
    land("k", "a", "apart", 5);
    t.same(told, ["b alone", "c alone"]);
    t.same([board("k", "d", 6), board("k", "e", 1004), board("k", "f", 1005)], ["alone", "alone", "lead"]);
  },
);

t.test("when the one that leads fails, the next one leads and the others go on waiting", async (t) => {
  const { board, land, told, wanted } = airport();
  for (const name of ["a", "b", "c"]) board("k", name, 0);
  land("k", "a", "failed", 5);
  t.same(told, ["b lead"]);
  t.same(wanted, ["a", "a", "b"], "each is told that others wait for it");
  land("k", "b", "shared", 6);
  t.same(told, ["b lead", "c look"]);
});

t.test("what is stale stands in for those that wait, too", async (t) => {
  const { board, land, told } = airport();
  board("k", "a", 0);
  board("k", "b", 0);
  land("k", "a", "stood-in", 5);
  t.same(told, ["b stand-in"]);
});

t.test("after a while the next one leads, and what becomes of the first changes nothing", async (t) => {
  const { board, land, told } = airport();
  board("k", "a", 0);
  t.same([board("k", "b", 99), board("k", "c", 100), board("k", "d", 101)], ["wait", "lead", "wait"]);
  land("k", "a", "failed", 102);
  t.same(told, []);
  land("k", "c", "failed", 103);
  t.same(told, ["b lead"]);
});

t.test("an answer that comes late is one for those who wait for the next", async (t) => {
  const { board, land, told } = airport();
  board("k", "a", 0);
  board("k", "b", 100);
  board("k", "c", 101);
  land("k", "a", "shared", 102);
  t.same(told, ["c look"]);
});

t.test("who has waited long enough goes alone, and who left is told nothing", async (t) => {
  const { board, land, leave, told, flights } = airport();
  for (const [index, name] of ["a", "b", "c", "d"].entries()) board("k", name, index * 10);
  leave("c");
  t.equal(flights.expire(109), 110);
  t.equal(flights.expire(110), 130);
  t.same(told, ["b alone"]);
  land("k", "a", "shared", 120);
  t.same(told, ["b alone", "d look"]);
  t.equal(flights.expire(1000), Infinity);
});

t.test("the number of keys and of those that wait is bounded, whatever clients ask for", async (t) => {
  const { board, land, flights } = airport();
  t.same(
    ["k", "l", "m", "n"].map((key) => board(key, key, 0)),
    ["lead", "lead", "lead", "alone"],
  );
  t.same(
    ["a", "b", "c", "d"].map((name) => board("k", name, 0)),
    ["wait", "wait", "wait", "alone"],
  );
  t.equal(flights.waiting, 3);
  for (const key of ["k", "l", "m"]) land(key, key, "apart", 1);
  board("n", "n", 2);
  land("n", "n", "apart", 2);
  t.equal(board("k", "k", 3), "lead", "the first one was forgotten");
  t.equal(board("n", "n", 3), "alone");
});

t.test("a place is not taken for ever by a request that was lost", async (t) => {
  const { board } = airport();
  for (const key of ["k", "l", "m"]) board(key, key, 0);
  t.equal(board("n", "n", 99), "alone");
  t.equal(board("n", "n", 100), "lead");
});

t.test("whatever happens, who waits is told once, and within its time", async () => {
  const step = fc.record({
    what: fc.constantFrom("board", "land", "leave"),
    key: fc.constantFrom("k", "l"),
    landing: fc.constantFrom<Landing>("shared", "apart", "stood-in", "failed"),
    pick: fc.nat(20),
    pause: fc.nat(40),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const flights = new Flights({ ...limits, maximum: 100 });
      const leading: { key: string; leader: Leader }[] = [];
      const waiting: Waiter[] = [];
      let now = 0;
      let next = Infinity;
      let isRight = true;
      const wait = (key: string, leader: Leader) => {
        const waiter: Waiter = {
          key,
          leader,
          until: now + limits.patience,
          go(turn) {
            const index = waiting.indexOf(waiter);
            isRight &&= index >= 0 && now <= waiter.until;
            waiting.splice(index, 1);
            if (turn === "lead") leading.push({ key, leader });
          },
        };
        waiting.push(waiter);
        flights.wait(waiter);
        next = Math.min(next, waiter.until);
      };
      for (const { what, key, landing, pick, pause } of steps) {
        const arrival = now + pause;
        while (next <= arrival) {
          now = next;
          next = flights.expire(now);
        }
        now = arrival;
        if (what === "board") {
          const leader = { wanted() {} };
          const boarding = flights.board(key, leader, now);
          if (boarding === "lead") leading.push({ key, leader });
          if (boarding === "wait") wait(key, leader);
        } else if (what === "land" && leading.length > 0) {
          const [one] = leading.splice(pick % leading.length, 1);
          flights.land(one!.key, one!.leader, landing, now);
        } else if (what === "leave" && waiting.length > 0) {
          const [one] = waiting.splice(pick % waiting.length, 1);
          flights.leave(one!);
        }
        isRight &&= flights.waiting === waiting.length;
      }
      return isRight;
    }),
  );
});
