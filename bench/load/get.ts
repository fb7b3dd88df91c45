import http, { type IncomingHttpHeaders } from "node:http";
import { buffer } from "node:stream/consumers";
import type { Target } from "./load.ts";

const timeoutMs = 5000;

export interface Answer {
  readonly status: number;
  readonly fields: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Makes one GET request in plain text, over a connection of its own unless there is an agent.
 *
 * @throws when there is no whole response within 5 s
 */
export function get(
  { port }: Target,
  path: string,
  headers: Readonly<Record<string, string>>,
  agent: http.Agent | false = false,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const request = http.get({ host: "127.0.0.1", port, path, headers, agent, signal }, (response) => {
      const answer = (body: Buffer) => ({ status: response.statusCode ?? 0, fields: response.headers, body });
      buffer(response).then((body) => resolve(answer(body)), reject);
    });
    request.once("error", reject);
  });
}
