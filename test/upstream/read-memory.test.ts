import t from "tap";
import { ReadBuffers } from "../../core/net/read-buffer.ts";
import { ReadMemory } from "../../core/upstream/read-memory.ts";

t.test("What is lent is not read into before it was given back", (t) => {
  const buffers = new ReadBuffers();
  const memory = new ReadMemory(buffers);
  const first = memory.next(true);
  const loan = memory.lend(first);
  const second = memory.next(true);
  t.not(second, first);
  loan!.giveBack();
  t.equal(new ReadMemory(buffers).next(true), first, "and after that by whoever comes");
  t.equal(memory.next(true), second);
  t.end();
});

t.test("Memory that all connections read into is not lent, nor what the connection does not own", (t) => {
  const buffers = new ReadBuffers();
  const memory = new ReadMemory(buffers);
  t.equal(memory.lend(memory.next(false)), null);
  const own = memory.next(true);
  t.equal(memory.lend(Buffer.alloc(10)), null);
  t.equal(memory.next(true), own);
  t.end();
});
