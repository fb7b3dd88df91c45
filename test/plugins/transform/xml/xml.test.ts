import fc from "fast-check";
import t, { type Test } from "tap";
import { parseJson, writeJson } from "../../../../plugins/transform/json-value.ts";
import { readXml } from "../../../../plugins/transform/xml/read.ts";
import { writeXml } from "../../../../plugins/transform/xml/write.ts";

const reading = { attributes: "@", stripsNamespaces: false, lists: [], mostDepth: 32 };
const writing = { attributes: "@", root: null, mostDepth: 32 };

const read = (text: string, options = {}) => writeJson(readXml(text, { ...reading, ...options }));
const write = (json: string, options = {}) =>
  writeXml(parseJson(json, 64), { ...writing, ...options }).replace(/^<\?xml[^>]*\?>/, "");

t.test("elements are members, attributes are marked, and texts stay texts", async (t) => {
  t.equal(read("<a>x</a>"), '{"a":"x"}');
  t.equal(read("<a/>"), '{"a":""}');
  t.equal(read('<a b="1"><c>007</c><c/></a>'), '{"a":{"@b":"1","c":["007",""]}}');
  t.equal(read('<a b="1">x</a>'), '{"a":{"@b":"1","#text":"x"}}');
  t.equal(read("<a>\n  <b> x </b>\n</a>\n"), '{"a":{"b":" x "}}');
  t.equal(read("<a>one <b>two</b> three</a>"), '{"a":{"b":"two","#text":"one  three"}}');
  t.equal(read('<?xml version="1.0" encoding="utf-8"?><!-- c --><a/>'), '{"a":""}');
  t.equal(read("<a><![CDATA[<b>&amp;]]>&lt;</a>"), '{"a":"<b>&amp;<"}');
  t.equal(read("<a><!-- <!DOCTYPE a> --><![CDATA[<!DOCTYPE b>]]></a>"), '{"a":"<!DOCTYPE b>"}');
});

t.test("references of XML are characters", async (t) => {
  t.equal(
    read('<a b="&quot;&#9;&#x1F600;">&lt;&gt;&amp;&apos;&#65;</a>'),
    '{"a":{"@b":"\\"\\t😀","#text":"<>&\'A"}}',
  );
});

t.test("attributes and namespaces are kept or left out as it is told", async (t) => {
  const soap =
    '<s:Envelope xmlns:s="urn:s" s:v="1"><s:Body><m:Get xmlns:m="urn:m">1</m:Get></s:Body></s:Envelope>';
  t.equal(read(soap, { stripsNamespaces: true }), '{"Envelope":{"@v":"1","Body":{"Get":"1"}}}');
  t.equal(read(soap, { stripsNamespaces: true, attributes: null }), '{"Envelope":{"Body":{"Get":"1"}}}');
  t.equal(
    read(soap),
    '{"s:Envelope":{"@xmlns:s":"urn:s","@s:v":"1","s:Body":{"m:Get":{"@xmlns:m":"urn:m","#text":"1"}}}}',
  );
});

t.test("elements that are told to be lists are lists, also when there is one", async (t) => {
  const lists = [
    ["a", "b"],
    ["a", "*", "c"],
  ];
  t.equal(read("<a><b><c/><d/></b></a>", { lists }), '{"a":{"b":[{"c":[""],"d":""}]}}');
  t.equal(read("<a><b/><b/></a>", { lists }), '{"a":{"b":["",""]}}');
});

t.test("JSON becomes elements, attributes and texts", async (t) => {
  t.equal(
    write('{"a":{"@b":1,"c":["x",null,true],"d":{"#text":1.50}}}'),
    '<a b="1"><c>x</c><c/><c>true</c><d>1.50</d></a>',
  );
  t.equal(write("[1,[2]]", { root: "list" }), "<list><item>1</item><item><item>2</item></item></list>");
  t.equal(write('{"a":"x"}', { root: "r" }), "<r><a>x</a></r>");
});

t.test("injection: names and values of JSON make no markup of their own", async (t) => {
  t.equal(write('{"a":"</a><b c=\\"\\">&]]>"}'), "<a>&lt;/a&gt;&lt;b c=&quot;&quot;&gt;&amp;]]&gt;</a>");
  t.equal(write('{"a":{"@b":"\\" onload=\\"x"}}'), '<a b="&quot; onload=&quot;x"/>');
  for (const name of ["a b", "a>", "1a", "", "a/", "!DOCTYPE", "?x", "a:b:c", "@", "a\n"]) {
    const quoted = JSON.stringify(name);
    t.throws(() => write(`{${quoted}:1}`), { name: "NotXmlError" }, name);
    t.throws(() => write(`{"a":{${JSON.stringify(`@${name}`)}:1}}`), { name: "NotXmlError" }, name);
    t.throws(() => write(`{"a":{${quoted}:1}}`), { name: "NotXmlError" }, name);
  }
  for (const text of ["\\u0000", "\\u0001", "\\ud800", "\\uffff"])
    t.throws(() => write(`{"a":"${text}"}`), { name: "NotXmlError" }, text);
});

t.test("JSON that XML cannot tell is refused", async (t) => {
  for (const json of [
    "[]",
    "1",
    "{}",
    '{"a":1,"b":2}',
    '{"a":[1,2]}',
    '{"a":{"@b":{}}}',
    '{"a":{"#text":[]}}',
  ]) {
    t.throws(() => write(json), { name: "NotXmlError" }, json);
  }
  t.throws(() => write(`${'{"a":'.repeat(33)}1${"}".repeat(33)}`), { name: "NotXmlError" }, "too deep");
});

t.test("what was written is read as the same again", async () => {
  const name = fc.constantFrom("a", "b", "c-d", "é", "x:y");
  const text = fc.string({
    unit: fc.constantFrom("a", "<", "&", '"', "'", "]]>", " ", "\n", "\r", "\t", "😀", "x"),
  });
  const { element } = fc.letrec((tie) => ({
    element: fc.oneof(
      { depthSize: "small" },
      text.filter((value) => value.trim() !== ""),
      fc.dictionary(name, tie("element"), { minKeys: 1, maxKeys: 3 }),
      fc
        .tuple(
          fc.dictionary(
            name.map((key) => `@${key}`),
            text,
            { minKeys: 1, maxKeys: 2 },
          ),
          text.filter((value) => value.trim() !== ""),
        )
        .map(([attributes, value]) => ({ ...attributes, "#text": value })),
    ),
  }));
  fc.assert(
    fc.property(element, (value) => {
      const json = JSON.stringify({ root: value });
      return read(writeXml(parseJson(json, 64), { ...writing, mostDepth: 64 }), { mostDepth: 64 }) === json;
    }),
  );
});

function refused(t: Test, text: string, message: RegExp, options = {}): void {
  const begun = performance.now();
  t.throws(() => read(text, options), { name: "XmlSyntaxError", message }, text.slice(0, 60));
  t.ok(performance.now() - begun < 2000, "at once");
}

t.test("billion laughs: entities that name entities are refused", async (t) => {
  const lols = Array.from({ length: 9 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join("");
  refused(t, `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "lol">${lols}]><a>&l9;</a>`, /declares a type/);
});

t.test("external entities: no file and no address is read", async (t) => {
  refused(t, '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', /declares a type/);
  refused(t, '<!DOCTYPE a SYSTEM "http://169.254.169.254/x.dtd"><a/>', /declares a type/);
  refused(t, '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://x/"> %p;]><a/>', /declares a type/);
  refused(t, "<a/><!DOCTYPE a>", /declares a type/);
  refused(t, "<!doctype a><a/>", /declares a type/);
});

t.test("quadratic blow-up: a long entity that is named often is refused", async (t) => {
  refused(
    t,
    `<!DOCTYPE a [<!ENTITY x "${"x".repeat(50_000)}">]><a>${"&x;".repeat(50_000)}</a>`,
    /declares a type/,
  );
  refused(t, `<a>${"&x;".repeat(50_000)}</a>`, /the reference &x;/);
});

t.test("references that are none are refused", async (t) => {
  for (const reference of [
    "&nbsp;",
    "&toString;",
    "&#0;",
    "&#xD800;",
    "&#xFFFFFF;",
    "&#x110000;",
    "&#1;",
    "&",
    "&#;",
    "&lt",
  ]) {
    refused(t, `<a>${reference}</a>`, /./);
    refused(t, `<a b="${reference}"/>`, /./);
  }
});

t.test("deep nesting is refused, and does not end the stack", async (t) => {
  refused(t, `${"<a>".repeat(33)}${"</a>".repeat(33)}`, /deeper than 32/);
  refused(t, `${"<a>".repeat(90_000)}${"</a>".repeat(90_000)}`, /nested/);
  refused(t, "<a>".repeat(190_000), /./);
});

t.test("attribute flood: an element has a bounded number of attributes", async (t) => {
  const flood = Array.from({ length: 50_000 }, (_, n) => `a${n}="1"`).join(" ");
  refused(t, `<a ${flood}/>`, /more than 256 attributes/);
  refused(t, `<a ${"a ".repeat(100_000)}/>`, /./);
  refused(t, `<a${" ".repeat(500_000)}b/>`, /./);
});

t.test("element flood: a document has a bounded number of tags", async (t) => {
  refused(t, `<a>${"<b/>".repeat(250_000)}</a>`, /more than 200000 tags/);
});

t.test("what is to be hidden behind a comment that begins in a tag is refused", async (t) => {
  const hidden = ['<!DOCTYPE x [<!ENTITY e "x">]>', "<?php x ?>", "<b/>".repeat(250_000)];
  for (const attributes of [null, "@"]) {
    for (const inner of hidden) {
      refused(t, `<a b="<!--">${inner}<!-- --></a>`, /a < in it/, { attributes });
      refused(t, `<a b='<![CDATA['>${inner}<!-- ]]> --></a>`, /a < in it/, { attributes });
      refused(t, `<a <!-->${inner}<!-- --></a>`, /a < in it/, { attributes });
      refused(t, `<a></a "<!--">${inner}<!-- -->`, /./, { attributes });
    }
  }
  t.equal(read('<a b="-->]]>\'" c=\'"\'>"</a>'), '{"a":{"@b":"-->]]>\'","@c":"\\"","#text":"\\""}}');
});

t.test("prototype pollution through names of elements and attributes", async (t) => {
  refused(t, "<__proto__><polluted>1</polluted></__proto__>", /./);
  t.equal(read('<a __proto__="1" constructor="2"/>'), '{"a":{"@__proto__":"1","@constructor":"2"}}');
  t.equal(
    read("<a><toString>1</toString><hasOwnProperty/></a>"),
    '{"a":{"toString":"1","hasOwnProperty":""}}',
  );
  t.equal(({} as Record<string, unknown>)["polluted"], undefined);
});

t.test("what is not well-formed is refused", async (t) => {
  for (const text of [
    "",
    "x",
    "<a>",
    "<a></b>",
    "<a/><b/>",
    "<a></a><b></b>",
    "<a/>x",
    "<a/>x<!-- -->",
    "<a/></d><d>",
    "<a/></d>",
    "<d>",
    "x<a/>",
    "<a b=1/>",
    "<a b/>",
    '<a b="1" b="2"/>',
    '<a b="<"/>',
    "< a/>",
    "<a><?php x ?></a>",
    "<?xml-stylesheet href='x'?><a/>",
    "<a><!-- </a>",
    "<a><![CDATA[</a>",
    '<?xml version="1.0" encoding="UTF-16"?><a/>',
    "<a>\u0000</a>",
  ]) {
    refused(t, text, /./);
  }
});
