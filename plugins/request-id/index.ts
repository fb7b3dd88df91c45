/** The id of a request: whose is kept, and what form it has. */
import { definePlugin } from "sluice/sdk";
import { Chooser } from "./choose.ts";
import { schema } from "./config.ts";

/** Fields that frame a message, are the proxy's own, or say who somebody is. */
const taken =
  /^(?:accept.*|age|authorization|cache-control|connection|content-.*|cookie|date|etag|expect|expires|forwarded|host|http2-settings|keep-alive|location|origin|proxy.*|set-cookie|te|trace(?:parent|state)|trailer|transfer-encoding|upgrade|vary|via|www-authenticate|x-forwarded.*|x-real-ip)$/;

const choosers = new WeakMap<object, Chooser>();

export default definePlugin({
  description: "Gives requests an id of the form you want, or keeps that of clients you believe",
  config: schema,

  setup(config) {
    if (taken.test(config.header)) throw new Error(`header: ${config.header} has another meaning`);
    choosers.set(config, new Chooser(config));
  },

  onRequest(request, ctx) {
    const { header } = ctx.config;
    const chooser = choosers.get(ctx.config)!;
    const given = chooser.given(request, ctx);
    if (given === null && request.headers.has(header)) ctx.metrics.counter("replaced");
    const id = given ?? chooser.make();
    if (id !== ctx.requestId) ctx.requestId = id;
    if (header !== "x-request-id") request.headers.set(header, id);
  },

  onResponse(response, { config, requestId }) {
    if (!config.toClient) return;
    if (config.header === "x-request-id") response.tellRequestId();
    else response.headers.set(config.header, requestId);
  },
});
