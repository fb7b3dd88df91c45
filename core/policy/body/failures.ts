/** What an exchange fails with because of a body, by the side that sent it. */
import { ProxyError } from "../../errors.ts";

export interface BodyFailures {
  /** @param limit bytes */
  tooLarge(limit: number): ProxyError;
  malformed(why: string, cause?: Error): ProxyError;
  /** There is no memory left for decoders. */
  exhausted(): ProxyError;
}

const exhausted = () =>
  new ProxyError("decoders_exhausted", "Too many bodies are being decoded", { source: "internal" });

export const requestBodyFailures: BodyFailures = {
  tooLarge: (limit) =>
    new ProxyError("body_too_large", `Request body is longer than ${limit} bytes`, { source: "downstream" }),
  malformed: (why, cause) =>
    new ProxyError("content_malformed", `Cannot decode the request body: ${why}`, {
      source: "downstream",
      cause,
    }),
  exhausted,
};

export const responseBodyFailures: BodyFailures = {
  tooLarge: (limit) =>
    new ProxyError("response_too_large", `Response body is longer than ${limit} bytes`, {
      source: "upstream",
    }),
  malformed: (why, cause) =>
    new ProxyError("response_content_malformed", `Cannot decode the response body: ${why}`, {
      source: "upstream",
      cause,
    }),
  exhausted,
};
