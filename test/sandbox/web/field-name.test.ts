import t from "tap";
import { fieldName } from "../../../sdk/runtime/field-name.ts";

t.test("a name is the same in every spelling, and in lower case", async (t) => {
  const name = fieldName("X-Tenant");
  t.equal(name.text, "x-tenant");
  t.equal(name.needle, "\nx-tenant:");
  t.equal(fieldName("x-tenant"), name);
  t.equal(fieldName("X-TENANT"), name);
});

t.test("a name that is no token is refused each time", async (t) => {
  for (const name of ["", "a b", "a:", "a\r\nb", "é", "\u212a"]) {
    for (let time = 0; time < 2; time++) t.throws(() => fieldName(name), TypeError);
  }
});

t.test("what is no string is converted once", async (t) => {
  let conversions = 0;
  const name = { toString: () => `x-${++conversions}` } as unknown as string;
  t.equal(fieldName(name).text, "x-1");
  t.equal(fieldName(name).text, "x-2");
  t.equal(fieldName("constructor").text, "constructor");
  t.equal(fieldName("__proto__").text, "__proto__");
});

t.test("a name knows whether it is the proxy's, look-alikes too", async (t) => {
  for (const name of ["Host", "via", "X-Forwarded-For", "x_forwarded_for", "Transfer_Encoding"])
    t.ok(fieldName(name).isOwned, name);
  for (const name of ["x-tenant", "date", "server"]) t.notOk(fieldName(name).isOwned, name);
});

t.test("long values and long names are not kept", async (t) => {
  const name = fieldName("x-long");
  name.remember("a", name.lineWith("a"));
  name.remember("b".repeat(257), name.lineWith("b".repeat(257)));
  t.equal(name.value, "a");
  t.equal(name.line, "x-long: a\r\n");
  const long = "n".repeat(129);
  t.not(fieldName(long), fieldName(long));
});

t.test("names without end do not stay, and those that were there before do", async (t) => {
  const before = fieldName("x-before");
  for (let n = 0; n < 1000; n++) fieldName(`x-made-up-${n}`);
  t.not(fieldName("x-made-up-999"), fieldName("x-made-up-999"));
  t.equal(fieldName("x-made-up-999").text, "x-made-up-999");
  t.equal(fieldName("x-before"), before);
});
