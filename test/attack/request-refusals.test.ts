import t, { type Test } from "tap";
import { ProxyError } from "../../core/errors.ts";
import { startGateway } from "../support/gateway.ts";
import { field, type Message, readMessage } from "../support/message.ts";
import { PeerEnded, type RawPeer } from "../support/raw-peer.ts";
import { type Judge, startJudge } from "./judge.ts";
import { type RefusedCase, refusedCases } from "./refused-cases.ts";
import { sendPieces } from "./send-pieces.ts";

const ways: Record<string, (client: RawPeer, bytes: Buffer) => void | Promise<void>> = {
  whole: (client, bytes) => client.write(bytes),
  "in pieces": sendPieces,
};

/** Short, to pass the limits of all cases. */
const next = "GET /n HTTP/1.1\r\nHost:a\r\n\r\n";

for (const [name, cases] of refusedCases("request")) {
  t.test(name, async (t) => {
    for (const refused of cases) {
      t.test(`${refused.title}: refused end to end`, async (t) => {
        for (const way of Object.keys(ways)) await attack(t, refused, way);
      });
    }
  });
}

async function attack(t: Test, refused: RefusedCase, way: string): Promise<void> {
  const judge = await startJudge(t);
  const proxy = await startGateway(t, judge.address, { limits: refused.limits });
  const client = await proxy.connect();
  await ways[way]!(client, refused.input);
  if (refused.closes) client.close();
  assertAnswers(t, refused, way, await readAnswers(client, refused));
  t.equal((await proxy.ask(next)).body, "/n", `${way}: the next client is served`);
  assertSeen(t, refused, way, judge);
}

/** Reads responses until the connection ends. */
async function readAnswers(client: RawPeer, { earlier }: RefusedCase): Promise<Message[]> {
  const answers: Message[] = [];
  try {
    for (;;) {
      const bodyless = earlier[answers.length]?.startsWith("HEAD ") ?? false;
      const answer = await readMessage(client, { bodyless });
      if (answer.status >= 200) answers.push(answer);
    }
  } catch (error) {
    if (!(error instanceof PeerEnded)) throw error;
    client.socket.destroy();
    return answers;
  }
}

function assertAnswers(t: Test, { code, earlier }: RefusedCase, way: string, answers: Message[]): void {
  if (code === "client_gone") {
    t.ok(answers.length <= earlier.length, `${way}: nobody is there to be answered`);
    return;
  }
  t.equal(answers.length, earlier.length + 1, `${way}: each request is answered, the refused one last`);
  const last = answers.at(-1)!;
  t.equal(last.status, new ProxyError(code, "", { source: "downstream" }).status, `${way}: status`);
  t.equal(field(last, "content-type"), "application/problem+json", `${way}: problem details`);
  t.equal(field(last, "connection"), "close", `${way}: the connection ends`);
}

function assertSeen(t: Test, { code, earlier }: RefusedCase, way: string, judge: Judge): void {
  const seen = way === "whole" ? judge.requests : judge.requests.filter(({ complete }) => complete);
  const most = earlier.length + 1;
  const least = code === "client_gone" ? 1 : most;
  t.ok(seen.length >= least && seen.length <= most, `${way}: the endpoint saw ${seen.length} requests`);
  t.equal(seen.at(-1)?.target, "/n", `${way}: none of them is the refused one`);
  // In pieces it has read the beginning of a body before the fault in it came.
  if (way === "whole") t.same(judge.refusals, [], "whole: the endpoint had nothing to refuse");
}
