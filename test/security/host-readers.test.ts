/** What the host reads of a guest, given random and worst texts: refused or read, in tens of milliseconds. */
import t from "tap";
import { assertGuestFields, editFields, FieldEdits } from "../../core/policy/field-edits.ts";
import { MalformedOutcome } from "../../core/policy/malformed-outcome.ts";
import { readManifest } from "../../core/policy/manifest.ts";
import { type Outcome, OutcomeReader } from "../../core/policy/outcome.ts";
import { RequestDraft } from "../../core/policy/request-draft.ts";
import { draftReply, ResponseDraft } from "../../core/policy/response-draft.ts";
import { ChunkAction, type Edits } from "../../sdk/runtime/message.ts";
import { Random } from "../support/random.ts";

/** ms; what each of these takes is far below, but for the machine being busy. */
const longest = 100;

const facts = { method: "GET", authority: "a.test", path: "/", query: "" };
const noEdits = new FieldEdits("", []);
const lines = "accept: */*\r\nuser-agent: x\r\n".repeat(40);

/** As the data plane uses an outcome: whatever it is, the result is a draft or a MalformedOutcome. */
function use(text: string): "used" | "refused" {
  try {
    const reader = new OutcomeReader(text, 0, new Map());
    for (let n = 0; n < 4 && !reader.atEnd; n++) apply(reader.next());
    return "used";
  } catch (error) {
    if (error instanceof MalformedOutcome) return "refused";
    throw error;
  }
}

const anyBody = { onBodyEdited() {} };

const noStream = (): never => {
  throw new MalformedOutcome("there is no guest here that could stream");
};

function apply(outcome: Outcome): void {
  if (outcome.kind === "edited") {
    const request = new RequestDraft(facts, lines);
    request.edit(outcome.fields, outcome.edits as Edits, undefined, anyBody);
    assertClean(request.fields);
    if (/[^!-~]/.test(request.path + request.query + request.authority + request.method))
      throw new Error("a target with a gap");
    const response = new ResponseDraft(200, "OK", lines);
    response.edit(outcome.fields, outcome.edits as Edits, undefined, anyBody);
    assertClean(response.fields, response.reason);
  } else if (outcome.kind === "reply") {
    const { fields, reason, status } = draftReply(outcome, undefined, noStream);
    assertClean(fields, reason);
    if (!(status >= 200 && status <= 599)) throw new Error(`status ${status}`);
  } else if (outcome.kind === "fault") {
    const { name, message, stack } = outcome.fault;
    if (name.length + message.length + stack.length > 100_000) throw new Error("a fault without an end");
  } else if (outcome.kind === "json") {
    tryManifest(outcome.value);
  } else if (outcome.kind === "chunk" && typeof (outcome.action & ChunkAction.end) !== "number") {
    throw new Error("an action that is no number");
  }
}

/** Every line is one field, and none of them frames the message. */
function assertClean(fields: string, reason = ""): void {
  const bad = fields
    .split("\r\n")
    .slice(0, -1)
    .find((line) => !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/.test(line));
  if (bad !== undefined || (fields !== "" && !fields.endsWith("\r\n"))) throw new Error(`line ${bad}`);
  if (/^(content-length|transfer-encoding|host|connection|trailer|upgrade):/im.test(fields))
    throw new Error("a field of the proxy");
  if (/[^\t\x20-\x7e\x80-\xff]/.test(reason)) throw new Error("a reason with a control character");
}

function tryManifest(value: unknown): void {
  try {
    const { phases } = readManifest(value);
    if (phases.size > 6) throw new RangeError("phases");
  } catch (error) {
    // Whoever reads it reports every error as the plugin's.
    if (error instanceof RangeError) throw error;
  }
}

const seeds: readonly string[] = [
  "c",
  "p",
  "e6 x-b,accept \nx: y\r\n",
  'e6+4 x-b {"status":201}\nx: y\r\nbody',
  "mQe6 x-b,accept \nx: y\r\naQaQ",
  "mSe6  \nx: y\r\nmSe6  \nx: z\r\naS",
  `e0  ${JSON.stringify({ method: "POST", url: "/a?b", cluster: "c", endpoint: "e", status: 201, reason: "R", body: "x" })}\n`,
  "r6 1 200 OK\nx: y\r\nz",
  "r0 -1 204 No Content\n",
  "r0 -2 200 OK\n",
  `f42\n${JSON.stringify({ name: "E", message: "m", stack: "at x" })}`,
  `j113\n${JSON.stringify({ name: "n", phases: ["onRequest"], config: {}, capabilities: { fetch: ["https://a"], kv: true }, limits: { cpu: "1s" }, onFailure: "open" })}`,
  "b3 2\nabc",
];
const spice = [
  "\r\n",
  "\n",
  "\r",
  "\0",
  " ",
  ",",
  ":",
  "{",
  "}",
  "[",
  "]",
  '"',
  "\\",
  "null",
  "-1",
  "1e9",
  "999999999",
  "__proto__",
  "Content-Length: 0\r\n",
  "Transfer-Encoding: chunked\r\n",
  "\u010a",
  "\ud800",
  "\x01",
  '{"toString":1}',
  "[[[[",
  "e",
  "r",
  "f",
  "j",
  "b",
  "m",
  "a",
  "S",
  "0",
  "%00",
  "/../..",
  "//",
  "http://",
  "@",
  "+",
];

t.test("mutated outcomes are read or refused, and smuggle nothing", async (t) => {
  const random = new Random(20261121);
  const pick = <Item>(from: readonly Item[]): Item => from[Math.floor(random.next() * from.length)]!;
  const seen = { used: 0, refused: 0 };
  for (let n = 0; n < 60_000; n++) {
    let text = pick(seeds);
    for (let m = 1 + Math.floor(random.next() * 4); m > 0; m--) {
      const at = Math.floor(random.next() * (text.length + 1));
      const end = random.chance(0.5) ? at : Math.min(text.length, at + Math.floor(random.next() * 8));
      text = text.slice(0, at) + (random.chance(0.8) ? pick(spice) : pick(seeds)) + text.slice(end);
    }
    try {
      seen[use(text)]++;
    } catch (error) {
      t.fail(`${JSON.stringify(text)}: ${(error as Error).stack}`);
    }
  }
  t.ok(seen.used > 2000 && seen.refused > 2000, `both happen: ${JSON.stringify(seen)}`);
});

t.test("edits are told again as they were, and only what was to be remembered", async (t) => {
  const remembered = new Map();
  const reader = new OutcomeReader("mQe6 x-b \nx: y\r\ne6  \nx: z\r\naQmQe0 accept \naQ", 0, remembered);
  const first = { kind: "edited", fields: { added: "x: y\r\n", removed: ["x-b"] }, edits: null };
  const last = { kind: "edited", fields: { added: "", removed: ["accept"] }, edits: null };
  t.match(reader.next(), first);
  t.match(reader.next(), { fields: { added: "x: z\r\n" } });
  t.match([reader.next(), reader.next(), reader.next()], [first, last, last]);
  t.ok(reader.atEnd);
  t.match(new OutcomeReader("aQ", 0, remembered).next(), last, "in a later answer, too");
  const refused = ["aS", "a", "m", "mQ", "mXe0  \n", "mQr0 -1 200 OK\n", 'mQe0  {"status":201}\n'];
  refused.push(`mQe2000  \n${"x".repeat(2000)}`);
  for (const text of refused)
    t.throws(() => new OutcomeReader(text, 0, remembered).next(), MalformedOutcome, text.slice(0, 20));
  t.throws(() => new OutcomeReader("aQ").next(), MalformedOutcome, "and not beside an answer");
});

const nested = (depth: number) => `${'{"0":'.repeat(depth)}1${"}".repeat(depth)}`;
const identity = (depth: number) =>
  `e0  {"identity":{"subject":"s","method":"m","scopes":[],"groups":[],"claims":${nested(depth)}}}\n`;
const told = (depth: number) => `j${nested(depth).length}\n${nested(depth)}`;

const worst: Readonly<Record<string, () => string>> = {
  "a million names to remove": () => `e0 ${"a,".repeat(1e6)} \n`,
  "as many names to remove as there may be": () => `e0 ${"a,".repeat(16_000)} \n`,
  "three megabytes of fields": () => `e3000000  \n${"x: y\r\n".repeat(500_000)}`,
  "as many fields as there may be": () => `e32766  \n${"x: y\r\n".repeat(5461)}`,
  "one field as long as it may be": () => `e32006  \nx: ${"y".repeat(32_000)} \r\n`,
  "a field of blanks": () => `e32006  \nx: ${" ".repeat(32_000)}y\r\n`,
  "a reason of ten megabytes of blanks": () => `r0 -1 200 ${" ".repeat(1e7)}\n`,
  "ten megabytes without an end of line": () => `r${" ".repeat(1e7)}`,
  "edits that are ten megabytes of brackets": () => `e0  {"a":${"[".repeat(5e6)}${"]".repeat(5e6)}}\n`,
  "edits that are as many brackets as there may be": () =>
    `e0  {"a":${"[".repeat(250_000)}${"]".repeat(250_000)}}\n`,
  "an identity of objects in each other": () => identity(5_000),
  "an identity as deep as it may be long": () => identity(80_000),
  "a manifest of objects in each other": () => told(5_000),
  "a manifest of as many objects in each other as there may be": () => told(80_000),
  "edits of as many objects as there may be": () => `e0  [${"{},".repeat(170_000)}{}]\n`,
  "a fault of ten megabytes of brackets": () => `f10000000\n${"[".repeat(5e6)}${"]".repeat(5e6)}`,
  "a fault of long texts": () =>
    `f500034\n${JSON.stringify({ name: "x".repeat(200_000), message: "y".repeat(200_000), stack: "z".repeat(99_994) })}`,
  "a manifest of as many brackets as there may be": () =>
    `j500000\n${"[".repeat(250_000)}${"]".repeat(250_000)}`,
  "a URL of dots": () => `e0  ${JSON.stringify({ url: `/${"a/".repeat(16_000)}${"../".repeat(10_000)}` })}\n`,
  "a URL of escapes": () => `e0  ${JSON.stringify({ url: `/${"%41".repeat(21_000)}` })}\n`,
  "a URL of slashes": () => `e0  ${JSON.stringify({ url: "/".repeat(65_000) })}\n`,
  "an authority of labels": () => `e0  ${JSON.stringify({ url: `http://${"a.".repeat(30_000)}a/` })}\n`,
  "an authority of an address": () => `e0  ${JSON.stringify({ url: `http://[${":".repeat(60_000)}]/` })}\n`,
  "a method as long as a text may be": () => `e0  ${JSON.stringify({ method: "A".repeat(65_000) })}\n`,
};

for (const [what, make] of Object.entries(worst)) {
  t.test(`the host is done quickly with ${what}`, async (t) => {
    const text = make();
    let least = Number.POSITIVE_INFINITY;
    let result = "";
    for (let run = 0; run < 3; run++) {
      const began = performance.now();
      result = use(text);
      least = Math.min(least, performance.now() - began);
    }
    t.ok(least < longest, `${result} in ${least.toFixed(1)} ms`);
  });
}

t.test("what is nested too deeply for the host is refused", async (t) => {
  for (const depth of [5_000, 80_000]) {
    t.equal(use(identity(depth)), "refused", `an identity of ${depth}`);
    t.equal(use(told(depth)), "refused", `a manifest, or a list of endpoints, of ${depth}`);
  }
  const brackets = JSON.stringify({ name: '[[{"'.repeat(1000) });
  t.same(new OutcomeReader(`j${brackets.length}\n${brackets}`).next(), {
    kind: "json",
    value: JSON.parse(brackets),
  });
  t.equal(use(identity(100)), "used");
});

t.test("the name of an endpoint has no control characters", async (t) => {
  for (const name of ["a\x01", "\0", "a\nb", "\x1f", "\x7f"])
    t.throws(
      () => new RequestDraft(facts, lines).edit(noEdits, { endpoint: name }, undefined, anyBody),
      MalformedOutcome,
    );
  const draft = new RequestDraft(facts, lines);
  draft.edit(noEdits, { endpoint: "unix:/run/my app.sock" }, undefined, anyBody);
  t.equal(draft.endpoint, "unix:/run/my app.sock");
  draft.edit(noEdits, { endpoint: null }, undefined, anyBody);
  t.equal(draft.endpoint, null);
});

t.test("fields of a guest are bounded and well-formed", async (t) => {
  t.throws(() => assertGuestFields("a: b\r\n".repeat(10_000)), MalformedOutcome);
  t.throws(() => assertGuestFields("a: b"), MalformedOutcome);
  t.throws(() => assertGuestFields("a: b\r\n\r\n"), MalformedOutcome);
  t.throws(() => assertGuestFields("a : b\r\n"), MalformedOutcome);
  t.equal(editFields("a: 1\r\nb: 2\r\n", "c: 3\r\n", ["a"]), "b: 2\r\nc: 3\r\n");
});

t.test("what is refused in part changes nothing", async (t) => {
  const added = new FieldEdits("X-Added: 1\r\n", []);
  const owner = { onBodyEdited: () => t.fail("no body is announced") };
  const good = { method: "PUT", url: "/other", cluster: "b", hashKey: "k", priority: 0, body: "text" };
  for (const bad of [
    { method: "CONNECT" },
    { url: "http://[" },
    { cluster: 1 },
    { endpoint: "a\tb" },
    { hashKey: {} },
    { requestId: "" },
    { priority: 4 },
  ]) {
    const draft = new RequestDraft(facts, lines);
    const before = { ...draft };
    t.throws(() => draft.edit(added, { ...good, ...bad } as Edits, undefined, owner), MalformedOutcome);
    t.same({ ...draft }, before, JSON.stringify(bad));
  }
  for (const bad of [{ status: 100 }, { reason: "a\nb" }]) {
    const draft = new ResponseDraft(200, "OK", lines);
    const before = { ...draft };
    const edits = { status: 201, reason: "Made", tellsRequestId: true, body: "text", ...bad } as Edits;
    t.throws(() => draft.edit(added, edits, undefined, owner), MalformedOutcome);
    t.same({ ...draft }, before, JSON.stringify(bad));
  }
});

t.test("a body that is refused leaves the rest as it was", async (t) => {
  const owner = {
    onBodyEdited() {
      throw new MalformedOutcome("too long");
    },
  };
  const draft = new RequestDraft(facts, lines);
  const before = { ...draft };
  t.throws(
    () => draft.edit(noEdits, { method: "PUT", body: "text" } as Edits, undefined, owner),
    MalformedOutcome,
  );
  t.same({ ...draft }, before);
});
