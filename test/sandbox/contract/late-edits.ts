import type { ExchangeCheck } from "./check.ts";

const refusal =
  "Cannot change the message: its handler has returned, and the message is on its way; await what comes before the change";

const edits = {
  onRequest: [
    'request.headers.set("x-a", "1")',
    'request.headers.append("x-a", "1")',
    'request.headers.delete("x-up")',
    'request.method = "PUT"',
    'request.url = "/other"',
    'request.setBody("other")',
  ],
  onUpstream: [
    'attempt.headers.set("x-a", "1")',
    'attempt.url = "/other"',
    'attempt.cluster = "other"',
    "attempt.endpoint = null",
    'attempt.avoid(["a"])',
    'attempt.prefer("a")',
  ],
  onResponse: [
    'response.headers.set("x-a", "1")',
    "response.status = 201",
    'response.statusText = "Other"',
    'response.setBody("other")',
    "response.tellRequestId()",
  ],
} as const;

/** Does it where nobody waits, and keeps what is thrown for the response to the next request. */
function tried(phase: keyof typeof edits, edit: string, isAsync = false): ExchangeCheck {
  const late = `(async () => { for (let i = 0; i < 9; i++) await null; ${edit}; })().catch((error) => { said = String(error); });`;
  const own = (name: keyof typeof edits) => (name === phase ? late : "");
  const kind = isAsync ? "async " : "";
  return {
    title: `A message on its way is not changed by ${edit}${isAsync ? " of an asynchronous handler" : ""}`,
    plugin: `let said = "nothing";
export default {
  ${kind}onRequest(request) {
    if (request.url.endsWith("/said")) return new Response(said);
    ${own("onRequest")}
  },
  ${kind}onUpstream(attempt) { ${own("onUpstream")} },
  ${kind}onResponse(response) { ${own("onResponse")} },
};
`,
    steps: [
      {
        passes: { startLine: "GET / HTTP/1.1", fields: { "x-a": null } },
        gets: { status: 200, body: "upstream", fields: { "x-a": null } },
      },
      { send: { target: "/said" }, gets: { body: `TypeError: ${refusal}` } },
    ],
  };
}

export const lateEditChecks: readonly ExchangeCheck[] = [
  ...(Object.keys(edits) as (keyof typeof edits)[]).flatMap((phase) =>
    edits[phase].map((edit) => tried(phase, edit)),
  ),
  tried("onRequest", edits.onRequest[0], true),
  tried("onResponse", edits.onResponse[0], true),
  {
    title: "What was read of a message that has gone on its way is read still",
    plugin:
      'onRequest(request, ctx) { request.headers.set("x-a", "1"); ctx.state.request = request; }, onResponse(response, ctx) { const { request } = ctx.state; response.headers.set("x-told", request.method + request.url + request.headers.get("x-a") + request.headers.has("x-b")); }',
    gets: { fields: { "x-told": "GEThttp://a.test/1false" } },
  },
];
