/** Values that could end a line of a message early, and the places where a guest may put values. */

/** Each of them makes a field `Smuggled` of its rest wherever it is taken for the end of a line. */
export const payloads: readonly string[] = [
  "a\r\nSmuggled: 1",
  "a\nSmuggled: 1",
  "a\rSmuggled: 1",
  "a\0Smuggled: 1",
  "a\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
  // What is left of these when only the low byte of a code unit is written.
  "a\u010d\u010aSmuggled: 1",
  "a\u560d\u560aSmuggled: 1",
  "a\ud80d\udc0aSmuggled: 1",
  "a\u2028Smuggled: 1",
  "a\x85Smuggled: 1",
  "a\x0b\x0cSmuggled: 1",
  " a\r\n Smuggled: 1",
  "\r\nSmuggled: 1",
  "a\r\n",
  "a\r",
  "a\u0000",
  "a\x7f",
  "a\x01b",
];

/** Members of a plugin that put `value` somewhere; a place that throws for it is as good as one that cleans it. */
export const places: Readonly<Record<string, string>> = {
  "a request field": `onRequest(request) { request.headers.set("x-a", value(request)) }`,
  "the name of a request field": `onRequest(request) { request.headers.append(value(request), "x") }`,
  "the method": `onRequest(request) { request.method = value(request) }`,
  "the URL": `onRequest(request) { request.url = "/attack/" + value(request) }`,
  "the authority": `onRequest(request) { request.url = "http://" + value(request) + "/" }`,
  "the query": `onRequest(request) { request.url = "/attack/?" + value(request) }`,
  "the body of a request": `onRequest(request) { request.setBody(value(request)) }`,
  "the choice of a cluster": `onRequest(request, ctx) { ctx.upstream.cluster = value(request) }`,
  "the choice of an endpoint": `onRequest(request, ctx) { ctx.upstream.endpoint = value(request) }`,
  "a field of a reply": `onRequest(request) { return new Response("x", { headers: { "x-a": value(request) } }) }`,
  "the name of a field of a reply": `onRequest(request) { return new Response("x", { headers: [[value(request), "x"]] }) }`,
  "the reason of a reply": `onRequest(request) { return new Response("x", { statusText: value(request) }) }`,
  "a reason that is put on a reply later": `onRequest(request) { const r = new Response("x"); Object.defineProperty(r, "statusText", { value: value(request) }); return r }`,
  "the location of a redirect": `onRequest(request) { return Response.redirect("http://a.test/" + value(request)) }`,
  "a cookie": `onRequest(request) { return new Response("x", { headers: { "set-cookie": "a=" + value(request) } }) }`,
  "the type of a blob of bytes": `onRequest(request) { return new Response(new Uint8Array(1), { headers: { "content-type": value(request) } }) }`,
  "a field of the response": `onRequest(request, ctx) { ctx.state.value = value(request) }, onResponse(response, ctx) { response.headers.set("x-a", ctx.state.value) }`,
  "the reason of the response": `onRequest(request, ctx) { ctx.state.value = value(request) }, onResponse(response, ctx) { response.statusText = ctx.state.value }`,
  "a part of the response body": `onRequest(request, ctx) { ctx.state.value = value(request) }, onResponseBody(chunk, ctx) { return ctx.last ? null : ctx.state.value }`,
  "a part of the request body": `onRequest(request, ctx) { ctx.state.value = value(request) }, onRequestBody(chunk, ctx) { return ctx.state.value }`,
  "a field of an attempt": `onRequest(request, ctx) { ctx.state.value = value(request) }, onUpstream(attempt, ctx) { attempt.headers.set("x-a", ctx.state.value) }`,
};

/** Outcomes of a guest that checks nothing by itself, with `raw` in them. */
export const rawPlaces: Readonly<Record<string, string>> = {
  "a line of a request field": `"e" + ("x-a: " + raw + "\\r\\n").length + "  \\nx-a: " + raw + "\\r\\n"`,
  "a line without an end": `"e" + ("x-a: " + raw).length + "  \\nx-a: " + raw`,
  "a name of a request field": `"e" + (raw + ": x\\r\\n").length + "  \\n" + raw + ": x\\r\\n"`,
  "a method": `"e0  " + JSON.stringify({ method: raw }) + "\\n"`,
  "a path": `"e0  " + JSON.stringify({ url: "/" + raw }) + "\\n"`,
  "an authority": `"e0  " + JSON.stringify({ url: "http://" + raw + "/" }) + "\\n"`,
  "a cluster": `"e0  " + JSON.stringify({ cluster: raw }) + "\\n"`,
  "an endpoint": `"e0  " + JSON.stringify({ endpoint: raw }) + "\\n"`,
  "fields that are removed": `"e0 host,content-length," + raw.replace(/[ \\n]/g, "") + " \\n"`,
  "a field of a reply": `"r" + ("x-a: " + raw + "\\r\\n").length + " 1 200 OK\\nx-a: " + raw + "\\r\\nx"`,
  "a reason": `"r0 1 200 " + raw.replace("\\n", "") + "\\nx"`,
};

/** Fields that frame a message, name its target or belong to the connection: none of them is a guest's to set. */
export const ownedFields: readonly string[] = [
  "Content-Length: 3",
  "content-length: 0",
  "Transfer-Encoding: chunked",
  "TRANSFER-ENCODING: identity",
  "Content_Length: 3",
  "Transfer_Encoding: chunked",
  "Host: evil.test",
  "Connection: close, x-key",
  "Keep-Alive: timeout=1",
  "Upgrade: websocket",
  "Trailer: x",
  "TE: trailers",
  "Expect: 100-continue",
  "Proxy-Connection: keep-alive",
  "Proxy-Authorization: x",
  "HTTP2-Settings: x",
  "Via: 1.1 me",
  "X-Forwarded-For: 1.2.3.4",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Host: evil.test",
  "Forwarded: for=1.2.3.4",
  "X-Request-Id: mine",
];
