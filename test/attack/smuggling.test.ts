import t from "tap";
import { startGateway } from "../support/gateway.ts";
import { type Message, readMessage } from "../support/message.ts";
import { PeerEnded, type RawPeer } from "../support/raw-peer.ts";
import { startJudge } from "./judge.ts";

interface Attack {
  readonly bytes: string;
  /** Statuses of all responses. */
  readonly statuses: readonly number[];
  /** Targets that the endpoint sees. */
  readonly targets: readonly string[];
}

const post = (...lines: string[]) => ["POST /1 HTTP/1.1", "Host: a", ...lines].join("\r\n");
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
/** Sent behind each attack. */
const last = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const refused = (bytes: string): Attack => ({ bytes, statuses: [400], targets: [] });

const attacks: Record<string, Attack> = {
  "CL.TE": refused(
    post(`Content-Length: ${smuggled.length + 5}`, "Transfer-Encoding: chunked", "", `0\r\n\r\n${smuggled}`),
  ),
  "TE.CL": refused(
    post(
      ...["Transfer-Encoding: chunked", "Content-Length: 4", ""],
      `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
    ),
  ),
  "TE.TE, one of them obfuscated": refused(
    post("Transfer-Encoding: chunked", "Transfer-encoding: cow", "", `0\r\n\r\n${smuggled}`),
  ),
  "TE.0, an HTTP/1.0 request in chunks": refused(
    `POST /1 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ),
  "CL.CL": refused(post("Content-Length: 0", `Content-Length: ${smuggled.length}`, "", smuggled)),
  "two lengths in one field": refused(post("Content-Length: 0, 0", "", smuggled)),
  "a space before the colon [CVE-2019-16869]": refused(
    post("Content-Length: 0", "Transfer-Encoding : chunked", "", `0\r\n\r\n${smuggled}`),
  ),
  "a folded Transfer-Encoding [CVE-2024-27982]": refused(
    post("Transfer-Encoding:", " chunked", "", `0\r\n\r\n${smuggled}`),
  ),
  "a field name after a bare CR [CVE-2023-30589]": refused(
    post("X: y\rTransfer-Encoding: chunked", "", `0\r\n\r\n${smuggled}`),
  ),
  "an empty line of a bare CR and LF [CVE-2025-23167]": refused(
    `GET /1 HTTP/1.1\r\nHost: a\r\n\rX${smuggled}`,
  ),
  "a bare LF behind a chunk size": refused(post("Transfer-Encoding: chunked", "", "1\na\r\n0\r\n\r\n")),
  "a bare LF inside a chunk extension [CVE-2025-22871]": refused(
    post("Transfer-Encoding: chunked", "", `0;a\nb\r\n\r\n${smuggled}`),
  ),
  "chunk data that is longer than its size": refused(
    post("Transfer-Encoding: chunked", "", `1\r\nab\r\n0\r\n\r\n${smuggled}`),
  ),
  "a chunk size of 2^64": refused(
    post("Transfer-Encoding: chunked", "", `10000000000000000\r\n\r\n${smuggled}`),
  ),
  "a chunk size of 2^64 + 5 in leading zeros": refused(
    post("Transfer-Encoding: chunked", "", `00000000000000005\r\nhello\r\n0\r\n\r\n${smuggled}`),
  ),
  "a framing field in the trailers": refused(
    post("Transfer-Encoding: chunked", "", `0\r\nContent-Length: 5\r\n\r\n${smuggled}`),
  ),
  "a request line in the version": refused("GET /1 HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n"),
  "CL.0, a body that endpoints ignore": {
    bytes: post(`Content-Length: ${smuggled.length}`, "", smuggled),
    statuses: [200, 200],
    targets: ["/1", "/last"],
  },
  "a request that would end with the connection [CVE-2026-2835]": {
    bytes: post("Connection: close", "", smuggled),
    statuses: [200],
    targets: ["/1"],
  },
  "a request of HTTP/1.0 that would end with the connection [CVE-2026-2835]": {
    bytes: `POST /1 HTTP/1.0\r\n\r\n${smuggled}`,
    statuses: [200],
    targets: ["/1"],
  },
  "a body of GET": {
    bytes: `GET /1 HTTP/1.1\r\nHost: a\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    statuses: [200, 200],
    targets: ["/1", "/last"],
  },
  "a look-alike of Transfer-Encoding": {
    bytes: post("Transfer_Encoding: chunked", "Content-Length: 5", "", "0\r\n\r\n"),
    statuses: [200, 200],
    targets: ["/1", "/last"],
  },
  "0.CL, an obfuscated Expect": {
    bytes: post("Expect: y 100-continue", `Content-Length: ${smuggled.length}`, "", smuggled),
    statuses: [417, 200],
    targets: ["/last"],
  },
  "0.CL, an Expect of HTTP/1.0": {
    bytes: `POST /1 HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    statuses: [200],
    targets: ["/1"],
  },
};

for (const [name, { bytes, statuses, targets }] of Object.entries(attacks)) {
  t.test(`request smuggling fails: ${name}`, async (t) => {
    const judge = await startJudge(t);
    const proxy = await startGateway(t, judge.address);
    const client = await proxy.connect();
    client.write(bytes + last);
    const answers = await readAll(client);
    t.same(
      answers.map(({ status }) => status),
      statuses,
    );
    t.same(
      judge.requests.map(({ target }) => target),
      targets,
    );
    t.same(judge.refusals, []);
    t.notOk(
      judge.requests.some(({ rawFields }) => rawFields.includes("Expect")),
      "Expect is not passed on",
    );
  });
}

async function readAll(client: RawPeer): Promise<Message[]> {
  const messages: Message[] = [];
  try {
    for (;;) messages.push(await readMessage(client));
  } catch (error) {
    if (!(error instanceof PeerEnded)) throw error;
    return messages;
  }
}
