import t, { type Test } from "tap";
import type { Facts } from "../../../../plugins/transform/facts.ts";
import { parseJson, writeJson } from "../../../../plugins/transform/json-value.ts";
import { compileExpression } from "../../../../plugins/transform/jsonata/expression.ts";

const headers = new Map([["x-a", "b"]]);
const facts = {
  method: "GET",
  headers: { get: (name) => headers.get(name) ?? null, has: (name) => headers.has(name) },
} as Facts;
const bounds = { time: 5000, depth: 32, size: 1_000_000 };

async function made(expression: string, document: unknown, time = 5000): Promise<string> {
  const text = typeof document === "string" ? document : JSON.stringify(document);
  return writeJson(
    await compileExpression(expression, { ...bounds, time }).evaluate(parseJson(text, 64), facts),
  );
}

async function takesTooMuch(t: Test, expression: string, document: unknown): Promise<void> {
  const begun = performance.now();
  await t.rejects(made(expression, document, 500), { message: "the expression takes too much" }, expression);
  t.ok(performance.now() - begun < 5000, "in time");
}

const items = Array.from({ length: 5000 }, (_, id) => ({ id, name: `n${id % 3}`, price: id * 2 }));

t.test("expressions pick, compute, group, sort, match and replace", async (t) => {
  const few = { items: items.slice(0, 4) };
  t.equal(await made("$sum(items.price)", few), "12");
  t.equal(await made('items[id > 1].{"n": name & "!"}', few), '[{"n":"n2!"},{"n":"n0!"}]');
  t.equal(await made("items{name: $sum(price)}", few), '{"n0":6,"n1":2,"n2":4}');
  t.equal(await made("items^(>id).id", few), "[3,2,1,0]");
  t.equal(await made("$map([1..3], $power(?, 2))", few), "[1,4,9]");
  t.equal(await made("$map(items.name, $uppercase)[0]", few), '"N0"');
  t.equal(await made('$replace("aXbx", /x(.?)/i, "[$1]")', few), '"a[b][]"');
  t.equal(await made('$split("a1b22c", /[0-9]+/)', few), '["a","b","c"]');
  t.equal(await made('$match("abab", /a(b)/).groups', few), '["b","b"]');
  t.equal(await made('$base64decode($base64encode("a"))', few), '"a"');
  t.equal(
    await made('$ ~> |items[0]|{"id": "x"}, ["price", "name"]|', { items: [few.items[0]] }),
    '{"items":[{"id":"x"}]}',
  );
  t.equal(await made('$distinct([{"a":1,"b":2},{"b":2,"a":1},1,"1",1])', {}), '[{"a":1,"b":2},1,"1"]');
  t.equal(await made('$formatNumber(12.3, "#0.00") & $fromMillis(0, "[Y]")', {}), '"12.301970"');
  t.equal(await made("nothing.there", few), "null");
});

t.test("$source reads what templates read", async (t) => {
  t.equal(await made('$source("method") & $source("header.x-a") & $source("header.x-b")', {}), '"GETb"');
  t.same(compileExpression('$source("cookie.a")', bounds).sources, ["cookie.a"]);
});

t.test("numbers that no double holds are texts, and others are as they were", async (t) => {
  t.equal(
    await made("$", '{"a":9007199254740993,"b":1e400,"c":-0.5,"d":[1,2.25]}'),
    '{"a":"9007199254740993","b":"1e400","c":-0.5,"d":[1,2.25]}',
  );
});

t.test("evaluations beside each other do not see each other", async (t) => {
  const expression = compileExpression('items.{"id": id, "who": $source("method")}', bounds);
  const run = (method: string, id: number) =>
    expression.evaluate(parseJson(JSON.stringify({ items: [{ id }, { id }] }), 9), { ...facts, method });
  const results = await Promise.all([run("A", 1), run("B", 2), run("C", 3)]);
  t.same(
    results.map(writeJson),
    ["A", "B", "C"].map((who, index) => {
      const one = { id: index + 1, who };
      return JSON.stringify([one, one]);
    }),
  );
});

t.test("an expression that says nothing sound is refused, with its line and column", async (t) => {
  const refused = (expression: string, message: RegExp) =>
    t.throws(() => compileExpression(expression, bounds), { message }, expression);
  refused('{"a": 1', /Expected "}".* line 1, column 8/);
  refused("(\n  $x := 1;\n  items[)", /at line 3, column/);
  refused("$source(a)", /\$source takes one text/);
  refused('$source("nothing.known")', /knows no nothing.known/);
  refused("$map([1], $source)", /can only be called/);
  refused("$match(a, /a(?=b)/)", /not supported/);
});

t.test("code in a document: $eval is refused, by its name and by another one", async (t) => {
  for (const expression of ["$eval(code)", "($e := $eval; $e(code))", "$map(codes, $eval)"]) {
    t.throws(() => compileExpression(expression, bounds), { message: /would run/ }, expression);
  }
});

t.test("marks of the library in a document: it names no function and no variable", async (t) => {
  const lambda = '{"_jsonata_lambda":true,"arguments":[],"body":{"type":"number","value":3}}';
  await t.rejects(made("x()", `{"x":${lambda}}`), { message: /^the expression failed/ });
  t.equal(await made("x", `{"x":${lambda}}`), '{"arguments":[],"body":{"type":"number","value":3}}');
  const stream = '{"tupleStream":true,"a":"k","@":{"a":"z"},"uppercase":"s"}';
  t.equal(await made("x{a: $uppercase(a)}", `{"x":${stream}}`), '{"k":"K"}');
  t.equal(await made("x.($)", '{"x":{"outerWrapper":true,"0":"no"}}'), '{"0":"no"}');
  await t.rejects(made("{name: true}{a: 1}", { name: "tupleStream", a: "b" }), {
    message: /^the expression failed/,
  });
});

t.test("prototype pollution: __proto__ of a document reaches nothing", async (t) => {
  const attack = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"k":"__proto__"}';
  for (const object of [
    '$ ~> |$|{k: {"polluted": 1}}|',
    '$merge([$, {k: {"polluted": 1}}])',
    '{k: {"polluted": 1}}',
  ]) {
    await t.rejects(made(object, attack), { message: /^the expression failed/ }, object);
  }
  await made('constructor ~> |prototype|{"polluted": 2}|', attack);
  t.equal(({} as Record<string, unknown>)["polluted"], undefined);
  t.equal(await made("$.toString", "{}"), "null", "what an object inherits is no member");
});

t.test("an endless loop ends, with and without the stack growing", async (t) => {
  await takesTooMuch(t, "($f := function($n){ $f($n + 1)}; $f(0))", {});
  await takesTooMuch(t, "($f := function($n){ 1 + $f($n + 1)}; $f(0))", {});
});

t.test("texts and lists that double with every turn come to an end", async (t) => {
  const turns = (made: string) =>
    `($f := function($s, $n){ $n = 0 ? $s : $f(${made}, $n - 1)}; $f("aaaaaaaa", 60))`;
  await takesTooMuch(t, turns("$s & $s"), {});
  await takesTooMuch(t, turns("$append($s, $s)"), {});
  await takesTooMuch(t, turns("[[$s], [$s]]"), {});
  await takesTooMuch(t, turns('{"a": $s, "b": $s}'), {});
  await takesTooMuch(t, `$string(${turns('{"a": $s, "b": $s}')})`, {});
  await takesTooMuch(t, `${turns('{"a": $s, "b": $s}')}.**`, {});
  await takesTooMuch(
    t,
    `($a := ${turns('{"a": $s, "b": $s}')}; $b := ${turns('{"a": $s, "b": $s}')}; $a = $b)`,
    {},
  );
});

t.test("a number in a document makes no list or text of that length", async (t) => {
  await takesTooMuch(t, "[1..n]", { n: 9_999_999 });
  await takesTooMuch(t, "$count([from..to])", { from: -50_000_000, to: 0 });
  await takesTooMuch(t, '$pad("a", n)', { n: 1_000_000_000 });
  await takesTooMuch(t, '$pad("a", n)', { n: -1_000_000_000 });
});

t.test("a long text joined or put in many places comes to an end", async (t) => {
  const long = "a".repeat(100_000);
  await takesTooMuch(t, '$join($split(s, ""), s)', { s: long });
  await takesTooMuch(t, '$replace(s, "a", s)', { s: long });
  await takesTooMuch(t, "$replace(s, /a/, s)", { s: long });
});

t.test("quadratic work over a long list comes to an end", async (t) => {
  await takesTooMuch(t, "items.($sum($$.items.id))", { items });
  await takesTooMuch(t, "items.$string($$)", { items });
  await takesTooMuch(t, "$reduce(items.[[id]], $append)", { items: [...items, ...items] });
  await takesTooMuch(t, "items.($$.items = $$.items)", { items });
  const same = Array.from({ length: 5000 }, (_, id) => ({ id }));
  t.equal(await made("$count($distinct(same))", { same }), "5000", "distinct is not quadratic");
});

t.test("catastrophic backtracking of a pattern takes no time", async (t) => {
  const begun = performance.now();
  t.equal(await made("$contains(s, /^(a+)+$/)", { s: `${"a".repeat(20_000)}!` }), "false");
  t.ok(performance.now() - begun < 2000);
});

t.test("catastrophic backtracking of a date: pictures are the operator's and dates are short", async (t) => {
  await t.rejects(made('$toMillis(s, "[Y][M][D][H][m][s]")', { s: `${"1".repeat(100_000)}x` }));
  await t.rejects(made("$toMillis(s, p)", { s: "1".repeat(90), p: "[Y]".repeat(20) }));
  await t.rejects(made("($f := $toMillis; $f(s, p))", { s: "1".repeat(90), p: "[Y]".repeat(20) }));
  await t.rejects(made("$toMillis(?, p)(s)", { s: "1".repeat(90), p: "[Y]".repeat(20) }));
  t.equal(await made('$toMillis("2020-01-01", "[Y0001]-[M01]-[D01]")', {}), "1577836800000");
});

t.test("a result that is too deep or goes round in a circle is refused", async (t) => {
  await takesTooMuch(t, '($f := function($s, $n){ $n = 0 ? $s : $f({"a": $s}, $n - 1)}; $f("a", 40))', {});
  await takesTooMuch(t, '$ ~> |$|{"me": $}|', { a: 1 });
});

t.test("what an expression says of its failure holds nothing of the document", async (t) => {
  for (const expression of ["$number(secret)", "secret + 1", "$error(secret)", "secret()"]) {
    try {
      await made(expression, { secret: "hunter2" });
      t.fail(expression);
    } catch (error) {
      t.match((error as Error).message, /^the expression failed with \w+/);
      t.notMatch((error as Error).message, /hunter2/);
    }
  }
});

t.test("others have their turn while a long expression runs", async (t) => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  try {
    await made("$count(items.(id * 2 + price * 3 - 1))", { items });
  } finally {
    clearInterval(timer);
  }
  t.ok(turns >= 3, `${turns} turns`);
});
