/** The web classes in an engine that has ECMAScript and nothing else, and less of it than V8. */
import { build } from "esbuild";
import { getQuickJS, type QuickJSContext, type QuickJSHandle } from "quickjs-emscripten";
import t from "tap";
import { urlParse, urlSet } from "../../../core/sandbox/host/url.ts";
import { HostOp } from "../../../sdk/runtime/host-op.ts";

const entry = `
  import { atob, btoa } from "./sdk/runtime/web/base64.ts";
  import { TextDecoder, TextEncoder } from "./sdk/runtime/web/encoding.ts";
  import { HeadFields } from "./sdk/runtime/head-fields.ts";
  import { Headers, headersOf } from "./sdk/runtime/headers.ts";
  import { bindErrors, bindHost } from "./sdk/runtime/host.ts";
  import { makeHostError } from "./sdk/runtime/host-error.ts";
  import { URL } from "./sdk/runtime/url/url.ts";
  import { URLPattern } from "./sdk/runtime/url/url-pattern.ts";
  import { URLSearchParams } from "./sdk/runtime/url/search-params.ts";
  bindErrors(makeHostError);
  export { atob, bindHost, btoa, HeadFields, Headers, headersOf, TextDecoder, TextEncoder, URL, URLPattern, URLSearchParams };
`;

t.test("the web classes work in QuickJS, which has ECMAScript alone", async (t) => {
  const bundle = await build({
    stdin: { contents: entry, resolveDir: ".", loader: "ts" },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "web",
    target: "es2024",
  });
  const context = (await getQuickJS()).newContext();
  t.teardown(() => context.dispose());
  defineHost(context);
  run(context, bundle.outputFiles[0]!.text);
  run(context, "web.bindHost(host)");
  const cases: readonly (readonly [source: string, expected: unknown])[] = [
    [`[...new web.Headers({ "X-B": " 1 ", a: "2" })].join()`, "a,2,x-b,1"],
    [`web.headersOf(new web.HeadFields("\\nA: 1\\r\\nb: 2\\r\\n")).get("B")`, "2"],
    [
      `new web.URL("../x?y=1#z", "https://u:p@ü.example:8080/a/b").href`,
      "https://u:p@xn--tda.example:8080/x?y=1#z",
    ],
    [
      `const u = new web.URL("http://a/"); u.searchParams.set("ä", "\\ud800"); u.href`,
      "http://a/?%C3%A4=%EF%BF%BD",
    ],
    [`web.URL.canParse("no url")`, false],
    [`[...new web.URLSearchParams("b=%ff+1&a")].join("|")`, "b,\ufffd 1|a,"],
    [
      `new web.URLPattern({ pathname: "/:näme(\\\\d+)/*" }).exec({ pathname: "/12/x" }).pathname.groups["näme"]`,
      "12",
    ],
    [`new web.TextDecoder().decode(new web.TextEncoder().encode("é€😀\\ud800"))`, "é€😀\ufffd"],
    [`new web.TextDecoder("utf-16le").decode(Uint8Array.of(0x41, 0, 0, 0xd8))`, "A\ufffd"],
    [`new web.TextDecoder("latin1").decode(Uint8Array.of(0x80, 0xe9))`, "€é"],
    [`web.atob(web.btoa("a\\u00ff"))`, "a\u00ff"],
    [`try { web.atob("a") } catch (error) { error.name }`, "InvalidCharacterError"],
  ];
  for (const [source, expected] of cases) t.equal(run(context, `{ ${source} }`), expected, source);
});

/** Texts only: what crosses as bytes is the business of the engine. */
function defineHost(context: QuickJSContext): void {
  const call = context.newFunction("host", (op, _id, text) => {
    const operation = context.getNumber(op) === HostOp.urlParse ? urlParse : urlSet;
    try {
      return context.newString(`=${operation(context.getString(text))}`);
    } catch (error) {
      const { name, message } = error as Error;
      return context.newString(`!${name}:${message}`);
    }
  });
  context.setProp(context.global, "host", call);
  call.dispose();
}

function run(context: QuickJSContext, source: string): unknown {
  const result: QuickJSHandle = context.unwrapResult(context.evalCode(source));
  const value: unknown = context.dump(result);
  result.dispose();
  return value;
}
