import type { Buffer } from "node:buffer";
import t from "tap";
import { loadCaseFiles, type WireCase } from "./case-file.ts";
import { replay } from "./replay.ts";

/** A longer input is split at so many offsets, evenly spread, rather than at every one. */
const mostSplits = 1024;

const details = new Set(["path", "query", "authority", "field"]);

for (const { name, cases } of loadCaseFiles()) {
  t.test(name, async (t) => {
    for (const wireCase of cases) {
      t.test(wireCase.title, async (t) => {
        const whole = replay([wireCase.input], wireCase);
        t.same(stated(whole, wireCase.log), wireCase.log, "whole");
        t.same(replay(singleBytes(wireCase.input), wireCase), whole, "byte by byte");
        t.same(splitsThatDiffer(wireCase, whole), [], "split in two");
      });
    }
  });
}

/** The log without details of a kind that the case does not state. */
function stated(log: string[], expected: readonly string[]): string[] {
  const kinds = new Set(expected.map(kindOf));
  return log.filter((line) => kinds.has(kindOf(line)) || !details.has(kindOf(line)));
}

function kindOf(line: string): string {
  return line.split(" ", 1)[0]!;
}

function* singleBytes(input: Buffer): Generator<Buffer> {
  for (let i = 0; i < input.length; i++) yield input.subarray(i, i + 1);
}

function splitsThatDiffer(wireCase: WireCase, whole: string[]): number[] {
  const { input } = wireCase;
  const expected = whole.join("\n");
  const step = Math.ceil(input.length / mostSplits);
  const differing: number[] = [];
  for (let at = step; at < input.length; at += step) {
    const log = replay([input.subarray(0, at), input.subarray(at)], wireCase);
    if (log.join("\n") !== expected) differing.push(at);
  }
  return differing;
}
