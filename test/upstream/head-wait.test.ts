import fc from "fast-check";
import t from "tap";
import { HeadWait, type WaitedFor } from "../../core/upstream/head-wait.ts";

const timeouts = { connect: 1000, pending: 1000, responseHead: 60_000, responseIdle: 1000, poolIdle: 1000 };

/** @param heardAt when it answered somebody */
function endpointWith(patience: number, heardAt: readonly number[] = []): WaitedFor {
  return {
    timeouts,
    patience,
    patienceFor: (time) => (patience >= time ? 0 : patience),
    quietFor: (now) => now - Math.max(0, ...heardAt.filter((time) => time <= now)),
  };
}

/** Waits in vain. Returns when it looked, and when it gave up. */
function waitInVain(endpoint: WaitedFor, time: number): { readonly looks: number[]; readonly end: number } {
  const wait = new HeadWait(endpoint);
  const looks: number[] = [];
  let now = wait.begin(time);
  while (wait.looks) {
    looks.push(now);
    wait.look(now);
    now += wait.goOn();
  }
  return { looks, end: now };
}

t.test("without a look it waits for as long as was asked, or as the cluster says", async (t) => {
  t.same(waitInVain(endpointWith(1000), 700), { looks: [], end: 700 });
  t.same(waitInVain(endpointWith(100_000), 0), { looks: [], end: timeouts.responseHead });
});

t.test("an endpoint that answers nobody is looked at whenever its patience is over", async (t) => {
  t.same(waitInVain(endpointWith(1000), 3500), { looks: [1000, 2000, 3000], end: 3500 });
});

t.test(
  "one that answered somebody else meanwhile is looked at when it could have been quiet again",
  async (t) => {
    t.same(waitInVain(endpointWith(1000, [600]), 2500), { looks: [1000, 1600], end: 2500 });
  },
);

t.test("look tells whether the endpoint has been quiet for as long as may be", async (t) => {
  const wait = new HeadWait(endpointWith(1000, [600]));
  wait.begin(5000);
  t.equal(wait.look(1000), false);
  wait.goOn();
  t.equal(wait.look(1600), true);
});

t.test(
  "a body that arrives in parts puts off the end, and nobody looks before all of it is sent",
  async (t) => {
    const wait = new HeadWait(endpointWith(1000));
    t.equal(wait.begin(3000), 1000);
    t.equal(wait.beginBlind(), 3000);
    t.equal(wait.looks, false);
    t.equal(wait.beginAgain(), 1000);
    t.equal(wait.looks, true);
  },
);

t.test("who hears of the response later may give it another time", async (t) => {
  const wait = new HeadWait(endpointWith(1000));
  wait.begin(3000);
  t.equal(wait.beginBlind(8000), 8000);
  t.equal(wait.beginBlind(), 8000);
});

t.test("however often it looks, it waits for the whole time and hardly a ms more", async () => {
  const times = fc.array(fc.double({ min: 0, max: 20_000, noNaN: true }), { maxLength: 20 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20_000 }),
      fc.integer({ min: 1, max: 4000 }),
      times,
      (time, patience, heardAt) => {
        const { looks, end } = waitInVain(endpointWith(patience, heardAt), time);
        return end >= time && end <= time + 1 && looks.every((at) => at <= time);
      },
    ),
  );
});
