/** Takes content codings off, so that policies and the service see what was meant (RFC 9110 section 8.4). */
import { definePlugin } from "sluice/sdk";
import { schema } from "./config.ts";
import { readEncoding } from "./content-encoding.ts";
import { forgetEncoding, forgetResponseEncoding } from "./fields.ts";
import { busy, unsupported } from "./refusal.ts";

export default definePlugin({
  description: "Decodes requests and responses in gzip, deflate, brotli or zstd, within bounds for bombs",
  config: schema,
  onRequest(request, { config, metrics }) {
    const { encodings, requests, responses, maxEncodings, maxRequestSize, maxRatio } = config;
    const { headers } = request;
    if (responses === "identity") headers.set("accept-encoding", "identity");
    else if (responses === "decode") headers.set("accept-encoding", encodings.join(", "));
    if (requests === "pass") return;
    const encoded = readEncoding(headers.get("content-encoding"), encodings, maxEncodings);
    if (encoded.kind === "plain") return;
    if (requests === "refuse" || encoded.kind === "unknown") {
      metrics.counter("requests_refused");
      return unsupported(requests === "refuse" ? [] : encodings);
    }
    if (!request.decodeBody(encoded.codings, { maxBytes: maxRequestSize, maxRatio })) {
      metrics.counter("requests_refused_busy");
      return busy();
    }
    metrics.counter("requests_decoded");
    forgetEncoding(headers);
    return undefined;
  },
  onResponse(response, { config, log, metrics }) {
    const { encodings, responses, maxEncodings, maxResponseSize, maxRatio } = config;
    const { headers, status } = response;
    // A part of what is encoded does not decode; and a service may want its bytes left alone (RFC 9110 section 7.7).
    if (responses === "pass" || status === 206 || hasNoTransform(headers.get("cache-control"))) return;
    const encoded = readEncoding(headers.get("content-encoding"), encodings, maxEncodings);
    if (encoded.kind !== "decode") return;
    if (response.decodeBody(encoded.codings, { maxBytes: maxResponseSize, maxRatio })) {
      metrics.counter("responses_decoded");
      forgetResponseEncoding(headers);
    } else {
      metrics.counter("responses_left_busy");
      log.warn("A response stays encoded: too many bodies are being decoded");
    }
  },
});

function hasNoTransform(cacheControl: string | null): boolean {
  return cacheControl !== null && /(?:^|,)[\t ]*no-transform[\t ]*(?:,|$)/i.test(cacheControl);
}
