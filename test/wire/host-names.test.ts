import t from "tap";
import { parseAuthority } from "../../core/wire/target.ts";
import { chooseSeed, Random } from "../support/random.ts";

const seed = chooseSeed("FUZZ_SEED");

t.test(`every host that is taken is one that new URL takes (FUZZ_SEED=${seed})`, async (t) => {
  const random = new Random(seed);
  const characters = [..."abcxnXN0189-_.."];
  let taken = 0;
  const refused: string[] = [];
  for (let i = 0; i < 50_000; i++) {
    const name = Array.from({ length: random.int(1, 9) }, () => random.pick(characters)).join("");
    const host = parsed(i % 3 === 0 ? `xn--${name}` : name);
    if (host === null) continue;
    taken++;
    if (!URL.canParse(`http://${host}/`)) refused.push(host);
  }
  t.ok(taken > 1000);
  t.strictSame(refused, []);
});

function parsed(host: string): string | null {
  try {
    return parseAuthority(host, "host_malformed");
  } catch {
    return null;
  }
}
