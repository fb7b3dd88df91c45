/** Node only: the compiler is the judge here, and it says the same wherever it runs. */
import t from "tap";
import ts from "typescript";
import { crypto } from "../../sdk/runtime/crypto/crypto.ts";
import { guestGlobals } from "../../sdk/runtime/global-names.ts";
import { Headers } from "../../sdk/runtime/headers.ts";
import { bindHost } from "../../sdk/runtime/host.ts";
import { Request } from "../../sdk/runtime/request.ts";
import { Response } from "../../sdk/runtime/response.ts";
import { ReadableStream } from "../../sdk/runtime/streams/readable-stream.ts";
import { TextDecoderStream, TextEncoderStream } from "../../sdk/runtime/streams/text-streams.ts";
import { TransformStream } from "../../sdk/runtime/streams/transform-stream.ts";
import { WritableStream } from "../../sdk/runtime/streams/writable-stream.ts";
import { URLSearchParams } from "../../sdk/runtime/url/search-params.ts";
import { URL } from "../../sdk/runtime/url/url.ts";
import { URLPattern } from "../../sdk/runtime/url/url-pattern.ts";
import { AbortController, AbortSignal } from "../../sdk/runtime/web/abort.ts";
import { console } from "../../sdk/runtime/web/console.ts";
import { DOMException } from "../../sdk/runtime/web/dom-exception.ts";
import { TextDecoder, TextEncoder } from "../../sdk/runtime/web/encoding.ts";
import { Event, EventTarget } from "../../sdk/runtime/web/event-target.ts";
import { performance } from "../../sdk/runtime/web/performance.ts";

/** An event has the time of its making, which a host knows. */
bindHost(() => "=0");

/** What the runtime gives, by the interface that describes it: instances of classes, and single objects. */
const objects: Readonly<Record<string, object>> = {
  AbortController: AbortController.prototype,
  AbortSignal: AbortSignal.prototype,
  Console: console,
  Crypto: crypto,
  DOMException: DOMException.prototype,
  Event: new Event("any"),
  EventTarget: EventTarget.prototype,
  Headers: Headers.prototype,
  Performance: performance,
  ReadableStream: ReadableStream.prototype,
  Request: Request.prototype,
  Response: Response.prototype,
  SubtleCrypto: crypto.subtle,
  TextDecoder: TextDecoder.prototype,
  TextDecoderStream: TextDecoderStream.prototype,
  TextEncoder: TextEncoder.prototype,
  TextEncoderStream: TextEncoderStream.prototype,
  TransformStream: TransformStream.prototype,
  URL: URL.prototype,
  URLPattern: URLPattern.prototype,
  URLSearchParams: URLSearchParams.prototype,
  WritableStream: WritableStream.prototype,
};

const classes: Readonly<Record<string, object>> = {
  AbortSignal,
  ReadableStream,
  Response,
  URL,
};

const program = ts.createProgram(["sdk/guest.d.ts"], { lib: ["lib.es2024.d.ts"], types: [] });
const checker = program.getTypeChecker();
const file = program.getSourceFile("sdk/guest.d.ts")!;

t.test("the types of a guest declare the globals that its runtime gives, and no others", async (t) => {
  // ECMAScript's own, which TypeScript's library declares only together with another.
  const names = ["WeakRef", ...guestGlobals.filter((name) => name !== "globalThis")];
  t.same([...declaredValues().keys()].sort(), names.sort());
});

for (const [name, object] of Object.entries(objects)) {
  t.test(`the runtime's ${name} has what its type declares`, async (t) => {
    const missing = membersOf(declaredInterface(name)).filter((member) => !(member in object));
    t.same(missing, []);
  });
}

for (const [name, given] of Object.entries(classes)) {
  t.test(`the runtime's class ${name} has the static members that its type declares`, async (t) => {
    const type = checker.getTypeAtLocation(declaredValues().get(name)!);
    t.same(
      membersOf(type).filter((member) => !(member in given)),
      [],
    );
  });
}

t.test("every class and every object of a guest is compared", async (t) => {
  const names = file.statements.filter(ts.isInterfaceDeclaration).map(({ name }) => name.text);
  const described = (name: string) => name[0]!.toUpperCase() + name.slice(1);
  const expected = [...declaredValues().keys()]
    .map(described)
    .filter((name) => names.includes(name) && name !== "WeakRef");
  t.same(
    expected.filter((name) => !Object.hasOwn(objects, name)),
    [],
  );
});

function declaredValues(): Map<string, ts.Node> {
  const values = new Map<string, ts.Node>();
  for (const statement of file.statements) {
    if (ts.isFunctionDeclaration(statement)) values.set(statement.name!.text, statement);
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name } of statement.declarationList.declarations) values.set(name.getText(file), name);
  }
  return values;
}

function declaredInterface(name: string): ts.Type {
  const declaration = file.statements.filter(ts.isInterfaceDeclaration).find((one) => one.name.text === name);
  return checker.getTypeAtLocation(declaration!);
}

/** Names of members that guest.d.ts itself declares, without those of symbols. */
function membersOf(type: ts.Type): readonly string[] {
  const isOwn = ({ declarations = [] }: ts.Symbol) =>
    declarations.some((one) => one.getSourceFile() === file);
  return type.getProperties().flatMap((one) => (isOwn(one) && !one.name.startsWith("__@") ? [one.name] : []));
}
