/** Bodies that follow from the id of their request, so that either end can tell a foreign or a short one. */
import { Random } from "../support/random.ts";

/** Most bodies are small; a few do not fit into one read. */
const sizes: readonly (readonly [least: number, most: number])[] = [
  [0, 0],
  [1, 200],
  [1, 200],
  [200, 9_000],
  [9_000, 20_000],
  [60_000, 200_000],
];

/** One page of noise that bodies are cut from. */
const noise = makeNoise(256 * 1024);

/** The body that a request with this id sends. */
export function requestContent(id: string): Buffer {
  return content(`request ${id}`);
}

/** The body that answers a request with this id. */
export function responseContent(id: string): Buffer {
  return content(`response ${id}`);
}

function content(text: string): Buffer {
  const random = new Random(hash(text));
  const [least, most] = random.pick(sizes);
  const length = random.int(least, most);
  const start = random.int(0, noise.length - length);
  const bytes = Buffer.from(noise.subarray(start, start + length));
  // The id itself comes first, as far as there is room: two ids never share a body that holds it.
  bytes.write(text.slice(0, length), "latin1");
  return bytes;
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

function makeNoise(length: number): Buffer {
  const random = new Random(1);
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = random.int(0, 255);
  return bytes;
}
