import t from "tap";
import { Strikes } from "../../../core/control/plugins/strikes.ts";

const minute = 60_000;

t.test("three strikes within a minute take a plugin out of service for a minute", async (t) => {
  const strikes = new Strikes();
  t.equal(strikes.add("a", "1", 0), false);
  t.equal(strikes.add("a", "1", 1000), false);
  t.equal(strikes.bannedUntil("a", "1", 1000), null);
  t.equal(strikes.add("a", "1", 2000), true);
  t.equal(strikes.bannedUntil("a", "1", 2001), 2000 + minute);
  t.equal(strikes.bannedUntil("a", "1", 2000 + minute), null, "then it is tried again");
});

t.test("strikes that lie further apart are accidents, and each plugin has its own", async (t) => {
  const strikes = new Strikes();
  for (const at of [0, minute, 2 * minute, 3 * minute]) t.equal(strikes.add("a", "1", at), false);
  for (const name of ["b", "c", "d"]) t.equal(strikes.add(name, "1", 0), false);
});

t.test("a plugin that does it again is out at once, and for twice as long, up to an hour", async (t) => {
  const strikes = new Strikes();
  strikes.ban("a", "1", 0);
  let until = strikes.bannedUntil("a", "1", 0)!;
  t.equal(until, minute);
  const bans: number[] = [];
  for (let count = 0; count < 8; count++) {
    t.equal(strikes.add("a", "1", until + 1000), true);
    bans.push((strikes.bannedUntil("a", "1", until + 1000)! - until - 1000) / minute);
    until = strikes.bannedUntil("a", "1", until + 1000)!;
  }
  t.same(bans, [2, 4, 8, 16, 32, 60, 60, 60]);
  t.equal(strikes.add("a", "1", until + minute), false, "after a good minute it begins anew");
});

t.test("changed code begins anew, and plugins that are gone are forgotten", async (t) => {
  const strikes = new Strikes();
  strikes.ban("a", "1", 0);
  t.equal(strikes.bannedUntil("a", "2", 0), null);
  t.equal(strikes.bannedUntil("a", "1", 0), minute);
  strikes.keep(new Set(["b"]));
  t.equal(strikes.bannedUntil("a", "1", 0), null);
});
