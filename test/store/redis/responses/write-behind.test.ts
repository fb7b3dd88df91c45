import t from "tap";
import { Serials } from "../../../../core/store/redis/responses/serials.ts";
import { WriteBehind } from "../../../../core/store/redis/responses/write-behind.ts";

function start() {
  const writes = new WriteBehind();
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const add = (name: string, bytes: number) =>
    writes.add(name, bytes, () => {
      begun.push(name);
      return new Promise((resolve) => ends.set(name, resolve));
    });
  const end = async (name: string) => {
    ends.get(name)!();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { writes, begun, add, end };
}

const KiB = 1024;

t.test("a little is under way at a time, and a long one alone", async (t) => {
  const { begun, add, end } = start();
  t.ok(add("a", 200 * KiB) && add("b", 50 * KiB) && add("c", 50 * KiB) && add("d", 500 * KiB) && add("e", 1));
  t.same(begun, ["a", "b"]);
  await end("a");
  t.same(begun, ["a", "b", "c"]);
  await end("b");
  t.same(begun, ["a", "b", "c"], "the long one waits for the way to be free");
  await end("c");
  t.same(begun, ["a", "b", "c", "d"]);
  await end("d");
  t.same(begun, ["a", "b", "c", "d", "e"], "in their order");
});

t.test("the latest value of a name is written, and one that was dropped is not", async (t) => {
  const { writes, begun, add, end } = start();
  add("first", 500 * KiB);
  for (const name of ["a", "b", "a", "c"]) add(name, 1);
  t.ok(writes.drop("b"));
  t.notOk(writes.drop("b"));
  await end("first");
  t.same(begun, ["first", "a", "c"]);
});

t.test("what waits is bounded in bytes and in number, and one alone has room", async (t) => {
  const { writes, add, end } = start();
  t.ok(add("long", 20 * KiB * KiB));
  t.ok(add("waiting", 15 * KiB * KiB));
  t.notOk(add("more", 2 * KiB * KiB));
  t.ok(add("waiting", 16 * KiB * KiB), "in the place of what waited");
  writes.clear();
  for (let index = 0; index < 1024; index++) t.ok(add(`n${index}`, 1));
  t.notOk(add("n1024", 1));
  t.equal(writes.clear(), 1024);
  let isSettled = false;
  const settled = writes.settled().then(() => {
    isSettled = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  t.notOk(isSettled);
  await end("long");
  await settled;
});

t.test("a moment has the serial that was known then", async (t) => {
  const serials = new Serials();
  t.equal(serials.at(Infinity), null);
  serials.learn(7, 100);
  serials.learn(7, 200);
  serials.learn(5, 250);
  serials.learn(9, 300);
  t.same(
    [99, 100, 299, 300, 1e9].map((moment) => serials.at(moment)),
    [null, 7, 7, 9, 9],
  );
  for (let serial = 10; serial < 2000; serial++) serials.learn(serial, serial * 100);
  t.equal(serials.at(900), null, "it was forgotten");
});
