/** Ways to spoil a message, biased to what parsers trip over. */
import fc from "fast-check";

type Mutation = (text: string) => string;

const troublesome = [
  ...[
    "\r",
    "\n",
    "\r\n",
    "\r\n\r\n",
    "\n\n",
    "\r\r\n",
    " ",
    "\t",
    "\v",
    "\f",
    "\0",
    "\x7f",
    "\x80",
    "\xa0",
    "\xff",
  ],
  ...[":", ";", ",", '"', "\\", "%", "%00", "%2e", "/..", "?", "#", "@", "+", "-", "0", "0x", "_"],
  ...["Content-Length: 3\r\n", "Content-Length: 0\r\n", "content-length:3\r\n", "Content-Length: +3\r\n"],
  ...[
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: x\r\n",
    "Transfer-Encoding:\tchunked \r\n",
    "Transfer-Encoding: chunked\t\r\n",
  ],
  ...["Transfer-Encoding : chunked\r\n", " folded\r\n", "Host: b\r\n", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0"],
  ...[
    "0\r\n\r\n",
    "1\r\na\r\n",
    "ffffffffffffffff\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "HTTP/1.1 200 OK\r\n",
  ],
];

/** A place in a text of any length: 0 is its start. (`fc.double` would crowd round zero.) */
export const position = fc.nat(9999).map((n) => n / 10_000);

const anyByte = fc.nat(255).map((code) => String.fromCharCode(code));

const insert = fc
  .tuple(position, fc.oneof(anyByte, fc.constantFrom(...troublesome)))
  .map(([where, text]) => edit(where, 0, () => text));
const replace = fc
  .tuple(position, fc.oneof(anyByte, fc.constantFrom(...troublesome)))
  .map(([where, text]) => edit(where, 1, () => text));
const remove = fc
  .tuple(position, fc.integer({ min: 1, max: 8 }))
  .map(([where, count]) => edit(where, count, () => ""));
const repeat = fc
  .tuple(position, fc.integer({ min: 1, max: 30 }))
  .map(([where, count]) => edit(where, count, (cut) => cut + cut));

/** Where one part of a message borders on the next is where parsers differ. */
const insertAtEdge = fc
  .tuple(position, fc.constantFrom(..." \t\r\n\v\f\0\xa0,;:0"))
  .map(([where, inserted]): Mutation => {
    return (text) => {
      const edges = [...text.matchAll(/\b|\r|\n/g)].map(({ index }) => index);
      const at = edges[Math.floor(where * edges.length)] ?? text.length;
      return text.slice(0, at) + inserted + text.slice(at);
    };
  });

const mutation: fc.Arbitrary<Mutation> = fc.oneof(insert, insertAtEdge, replace, remove, repeat);

/** `texts` with a few mutations each. */
export function mutated(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(texts, fc.array(mutation, { minLength: 1, maxLength: 3 }))
    .map(([text, mutations]) => mutations.reduce((spoiled, mutate) => mutate(spoiled), text));
}

/** Replaces `count` characters at a relative position. */
function edit(where: number, count: number, replacement: (cut: string) => string): Mutation {
  return (text) => {
    const at = Math.floor(where * text.length);
    return text.slice(0, at) + replacement(text.slice(at, at + count)) + text.slice(at + count);
  };
}
