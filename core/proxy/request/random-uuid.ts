import { randomFillSync } from "node:crypto";

const length = 36;
/** As many are made together. */
const count = 64;
const random = Buffer.alloc(16 * count);
const text = Buffer.alloc(length * count);
const [dash] = Buffer.from("-");
const digits = Buffer.from("0123456789abcdef");

let ids = "";
let at = 0;

/**
 * A UUID of version 4 (RFC 9562, section 5.4). Those of `crypto.randomUUID` are trees of twenty strings, and each copy of one
 * costs more than all of this: 0.3 of 15 µs a request.
 *
 * @example
 * randomUuid(); // "3b241101-e2bb-4255-8caf-4136c566a962"
 */
export function randomUuid(): string {
  if (at === ids.length) refill();
  const id = ids.slice(at, at + length);
  at += length;
  return id;
}

function refill(): void {
  randomFillSync(random);
  for (let from = 0, to = 0; from < random.length; from += 16) {
    random[from + 6] = (random[from + 6]! & 0x0f) | 0x40;
    random[from + 8] = (random[from + 8]! & 0x3f) | 0x80;
    for (let i = 0; i < 16; i++) {
      if (i === 4 || i === 6 || i === 8 || i === 10) text[to++] = dash!;
      const byte = random[from + i]!;
      text[to++] = digits[byte >> 4]!;
      text[to++] = digits[byte & 0x0f]!;
    }
  }
  ids = text.toString("latin1");
  at = 0;
}
