/** Well-formed streams of messages, and ways to spoil them that a seed repeats. */
import type { Random } from "../support/random.ts";

/** One byte a character. */
export type Bytes = string;

export const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"];

const fields = [
  ...[
    "X: y\r\n",
    "Connection: keep-alive\r\n",
    "Connection: close\r\n",
    "Connection: x, te\r\n",
    "TE: trailers\r\n",
  ],
  ...["Cookie: a=b\r\n", "Expect: 100-continue\r\n", "Upgrade: websocket\r\n", "Connection: upgrade\r\n"],
  ...["X-Forwarded-For: 6.6.6.6\r\n", "Via: 1.1 b\r\n", "X-Request-Id: evil\r\n", "__proto__: x\r\n"],
];

/** What parsers trip over. */
const troublesome = [
  ...[
    "\r",
    "\n",
    "\r\n",
    "\r\n\r\n",
    "\n\n",
    " ",
    "\t",
    "\0",
    "\x0b",
    "\x7f",
    "\x85",
    "\xa0",
    "\xff",
    ":",
    ";",
    ",",
    '"',
  ],
  ...[
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: x\r\n",
  ],
  ...[
    "Transfer-Encoding\t: chunked\r\n",
    " chunked\r\n",
    "Host: b\r\n",
    "HTTP/1.0",
    "HTTP/1.1 200 OK\r\n",
    "0\r\n\r\n",
  ],
  ...[
    "ffffffffffffffff\r\n",
    "5;a=b\r\n",
    "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    "%2e%2e/",
    "/../",
    "%00",
    "?",
    "#",
  ],
];

export function requestStream(random: Random): Bytes {
  return Array.from({ length: random.int(1, 3) }, () => request(random)).join("");
}

function request(random: Random): Bytes {
  const target = random.pick(["/", "/a/b?c=d", "http://b.test/x", "/a/../b", "/%41"]);
  const version = random.chance(0.9) ? "1.1" : "1.0";
  return `${random.pick(methods)} ${target} HTTP/${version}\r\nHost: a\r\n${someFields(random)}${body(random)}`;
}

export function responseStream(random: Random): Bytes {
  const interim = random.chance(0.2) ? "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n" : "";
  const status = random.pick(["200 OK", "204 No Content", "304 Not Modified", "404 ", "500 Oh no"]);
  const version = random.chance(0.9) ? "1.1" : "1.0";
  return `${interim}HTTP/${version} ${status}\r\n${someFields(random)}${body(random)}`;
}

function someFields(random: Random): Bytes {
  return Array.from({ length: random.int(0, 3) }, () => random.pick(fields)).join("");
}

function body(random: Random): Bytes {
  const data = "x".repeat(random.int(0, 20));
  switch (random.int(0, 2)) {
    case 0:
      return "\r\n";
    case 1:
      return `Content-Length: ${data.length}\r\n\r\n${data}`;
    default:
      return `Transfer-Encoding: chunked\r\n\r\n${data && `${data.length.toString(16)}\r\n${data}\r\n`}0\r\n${random.chance(0.3) ? "X: y\r\n" : ""}\r\n`;
  }
}

/** Spoils a stream in up to four places, most of the time. */
export function spoil(bytes: Bytes, random: Random): Bytes {
  let spoiled = bytes;
  for (let i = random.int(0, 4); i > 0; i--) spoiled = mutate(spoiled, random);
  return spoiled;
}

function mutate(bytes: Bytes, random: Random): Bytes {
  const at = random.int(0, bytes.length);
  const end = Math.min(bytes.length, at + random.int(1, 12));
  const around = (middle: Bytes, rest = at) => bytes.slice(0, at) + middle + bytes.slice(rest);
  switch (random.int(0, 6)) {
    case 0:
      return around(String.fromCharCode((bytes.charCodeAt(at) || 0) ^ (1 << random.int(0, 7))), at + 1);
    case 1:
      return around(random.pick(troublesome));
    case 2:
      return around("", end);
    case 3:
      return around(bytes.slice(at, end) + bytes.slice(at, end), end);
    case 4:
      return around(random.pick(troublesome), end);
    case 5:
      return bytes.replace("\r\n", `\r\n${random.pick(troublesome)}`);
    default:
      return random.chance(0.3) ? bytes.slice(0, at) : doubleLine(bytes, random);
  }
}

function doubleLine(bytes: Bytes, random: Random): Bytes {
  const lines = bytes.split("\r\n");
  const at = random.int(0, lines.length - 1);
  return lines.toSpliced(random.int(0, lines.length - 1), 0, lines[at]!).join("\r\n");
}
