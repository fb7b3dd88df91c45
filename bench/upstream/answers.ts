/** The bytes that the upstream answers with. */

const megabyte = 1_000_000;

/** A record as a small JSON API would return it: 150 bytes or so. */
const smallBody = JSON.stringify({
  id: "01JCZ5W7Q4T8",
  name: "A record of ordinary size",
  tags: ["one", "two", "three"],
  price: { amount: 1999, currency: "EUR" },
  stock: 42,
  updated: "2025-01-01T00:00:00Z",
});

const chunk = `${"A line of text that arrives in its own chunk. ".repeat(22)}\n`;
const chunkCount = 16;

export interface Answer {
  readonly keepAlive: Buffer;
  /** For a request that asked to close the connection; RFC 9112 section 9.6 wants it confirmed. */
  readonly close: Buffer;
}

function answer(status: string, fields: string, body: Buffer): Answer {
  const write = (more: string) =>
    Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${fields}${more}\r\n`, "latin1"), body]);
  return { keepAlive: write(""), close: write("Connection: close\r\n") };
}

function withLength(status: string, type: string, body: Buffer): Answer {
  return answer(status, `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n`, body);
}

function inChunks(type: string, body: string): Answer {
  const framed = `${body.length.toString(16)}\r\n${body}\r\n`.repeat(chunkCount);
  return answer(
    "200 OK",
    `Content-Type: ${type}\r\nTransfer-Encoding: chunked\r\n`,
    Buffer.from(`${framed}0\r\n\r\n`, "latin1"),
  );
}

/** What arrived, as text: a check reads there what a proxy made of a request. */
export function echoed(head: string): Answer {
  return withLength("200 OK", "text/plain", Buffer.from(head, "latin1"));
}

/** A body that caches may keep for an hour. */
function fresh(body: Buffer): Answer {
  const fields = `Content-Type: text/plain\r\nContent-Length: ${body.length}\r\nCache-Control: max-age=3600\r\n`;
  return answer("200 OK", fields, body);
}

let turns = 0;

/** Another one for every request, and yet a cache may keep it: who gets the same twice did not come here. */
export function nextTurn(): Answer {
  return fresh(Buffer.from(`${++turns}`));
}

export const answers = {
  small: withLength("200 OK", "application/json", Buffer.from(smallBody)),
  big: withLength("200 OK", "application/octet-stream", Buffer.alloc(10 * megabyte, "0123456789abcdef")),
  fresh1k: fresh(Buffer.alloc(1000, "0123456789abcdef")),
  fresh100k: fresh(Buffer.alloc(100_000, "0123456789abcdef")),
  /** 16 chunks of 1 kB. */
  chunked: inChunks("text/plain", chunk),
  /** For a rival that would turn a body of known length into chunks: it shows up as an error. */
  lengthRequired: withLength("411 Length Required", "text/plain", Buffer.alloc(0)),
} as const;
