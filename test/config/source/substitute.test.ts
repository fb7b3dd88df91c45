// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax under test
import fc from "fast-check";
import t from "tap";
import { substitute } from "../../../core/config/source/substitute.ts";

const env = { HOST: "app", PORT: "3000", EMPTY: "" };

t.test("substitute fills in variables and defaults", async (t) => {
  t.equal(substitute("http://${env:HOST}:${env:PORT}", env).text, "http://app:3000");
  t.equal(substitute("${env:NOPE:-fallback}", env).text, "fallback");
  t.equal(substitute("${env:EMPTY:-fallback}", env).text, "fallback", "as in a shell");
  t.equal(substitute("${env:EMPTY}", env).text, "");
  t.equal(substitute("${env:NOPE:-}", env).text, "");
  t.equal(substitute("${env:NOPE:-a:-b}", env).text, "a:-b");
});

t.test("substitute leaves an escaped brace and a lone dollar alone", async (t) => {
  t.same(substitute("$${env:HOST} $5 $HOST {x}", env), {
    text: "${env:HOST} $5 $HOST {x}",
    variables: [],
    problems: [],
  });
});

t.test("substitute does not look into what it filled in", async (t) => {
  t.equal(substitute("${env:A}", { A: "${env:B}", B: "b" }).text, "${env:B}");
});

t.test("substitute reports a missing variable and a malformed reference", async (t) => {
  t.same(substitute("${env:NOPE}", env).problems, [
    "expected variable NOPE to be set, found it unset and no default",
  ]);
  for (const text of ["${HOST}", "${env:}", "${env:A B}", "${env:HOST", "${}", "${env:1A}", "${file:}"]) {
    t.match(substitute(text, env).problems, [/^expected \$\{env:NAME\}/], text);
  }
});

t.test("substitute fills in the text of a file, and does not look into it", async (t) => {
  const readFile = (name: string) => `<${name}> \${env:HOST}`;
  t.match(substitute("a ${file:./keys.txt} b", env, readFile), {
    text: "a <./keys.txt> ${env:HOST} b",
    variables: [{ name: "./keys.txt" }],
    problems: [],
  });
  t.same(substitute("${file:x}", env).problems, ["expected no file, found x"], "where there are none");
});

t.test("names of Object.prototype are no variables", async (t) => {
  t.equal(substitute("${env:constructor:-x}", { ...env }).text, "x");
});

t.test("a text without a reference stays as it is", async (t) => {
  fc.assert(fc.property(fc.string(), (text) => text.includes("${") || substitute(text, env).text === text));
  t.pass();
});
