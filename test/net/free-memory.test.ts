import t from "tap";
import { freeMemory } from "../../core/net/free-memory.ts";

const large = 64 * 1024;

t.test("freeMemory takes the memory of bytes that have it to themselves", (t) => {
  const bytes = Buffer.alloc(large);
  freeMemory(bytes);
  t.equal(bytes.length, 0);
  t.end();
});

t.test("freeMemory leaves bytes alone that share their buffer", (t) => {
  const all = Buffer.alloc(2 * large, 7);
  freeMemory(all.subarray(0, large));
  freeMemory(all.subarray(large));
  t.equal(all.length, 2 * large);
  t.equal(all[large], 7);
  t.end();
});

t.test("freeMemory leaves small ones and shared memory to the engine", (t) => {
  for (const bytes of [
    new Uint8Array(100),
    new Uint8Array(0),
    new Uint8Array(new SharedArrayBuffer(large)),
  ]) {
    const { length } = bytes;
    freeMemory(bytes);
    t.equal(bytes.length, length);
  }
  t.end();
});
