import fc from "fast-check";
import t from "tap";
import { readGitHub, readSlack, readStripe } from "../../../plugins/auth/webhook/senders.ts";

const hex = "0123456789abcdef".repeat(4);
const bytes = Uint8Array.from(Buffer.from(hex, "hex"));

t.test("each sender's signature is read, and what stands before the body", async (t) => {
  t.same(readGitHub(new Headers({ "x-hub-signature-256": `sha256=${hex}` })), {
    prefix: "",
    signatures: [bytes],
    time: null,
  });
  const stripe = { "stripe-signature": `t=1700000000,v1=${hex},v1=${hex.toUpperCase()},v0=none` };
  t.same(readStripe(new Headers(stripe)), {
    prefix: "1700000000.",
    signatures: [bytes, bytes],
    time: 1_700_000_000,
  });
  const slack = { "x-slack-signature": `v0=${hex}`, "x-slack-request-timestamp": "1700000000" };
  t.same(readSlack(new Headers(slack)), {
    prefix: "v0:1700000000:",
    signatures: [bytes],
    time: 1_700_000_000,
  });
});

t.test("without the field there is no signature, and the old field with SHA-1 is none", async (t) => {
  const fields = new Headers({ "x-hub-signature": `sha1=${"0".repeat(40)}` });
  for (const read of [readGitHub, readStripe, readSlack]) t.equal(read(fields), null);
});

t.test("what cannot be read is malformed", async (t) => {
  for (const value of ["", hex, `sha1=${hex}`, `sha256=${hex}0`, `sha256=${hex}, sha256=${hex}`, "sha256="]) {
    t.equal(readGitHub(new Headers({ "x-hub-signature-256": value })), "malformed", value);
  }
  for (const value of [
    "",
    `v1=${hex}`,
    "t=1",
    `t=1,v0=${hex}`,
    `t=1,t=2,v1=${hex}`,
    `t=,v1=${hex}`,
    `t=01,v1=${hex}`,
    `t=1e3,v1=${hex}`,
    `t=-1,v1=${hex}`,
    `t=1,v1=${hex},v1=00`,
    `t=1${`,v1=${hex}`.repeat(9)}`,
    `t=1,v1=${hex},${"x".repeat(2000)}`,
  ]) {
    t.equal(readStripe(new Headers({ "stripe-signature": value })), "malformed", value);
  }
  for (const time of [null, "", "0x1", "1, 2", "1.5", "9".repeat(13)]) {
    const fields = new Headers({ "x-slack-signature": `v0=${hex}` });
    if (time !== null) fields.set("x-slack-request-timestamp", time);
    t.equal(readSlack(fields), "malformed", String(time));
  }
});

t.test("no text makes a reader throw, or read a signature that is not 32 bytes", async () => {
  const value = fc.oneof(
    fc.string(),
    fc
      .array(fc.constantFrom("t=1", "v1=", `v1=${hex}`, ",", "v0=", "sha256=", hex, " "))
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(value, (text) => {
      for (const read of [readGitHub, readStripe, readSlack]) {
        const call = read({ get: () => text });
        if (call === null || call === "malformed") continue;
        if (call.signatures.length === 0 || call.signatures.some(({ length }) => length !== 32)) return false;
      }
      return true;
    }),
  );
});
