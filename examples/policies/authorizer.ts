/** Asks another service whether a token is good, and remembers the answer for a while. When nobody answers, nobody gets in. */
import { definePlugin } from "sluice/sdk";

const authorizer = "https://auth.internal";

interface Answer {
  readonly subject: string | null;
}

export default definePlugin({
  description: "Has bearer tokens checked by auth.internal; the service learns the subject in X-Subject",
  capabilities: { fetch: [authorizer], kv: true },
  config: {
    type: "object",
    properties: {
      /** How long an answer is good for, in seconds: so long does a token live on that was taken back. */
      remember: { type: "number", exclusiveMinimum: 0, default: 30 },
    },
    additionalProperties: false,
  },

  async onRequest(request, ctx) {
    const token = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
    if (token === undefined) return refusal(401, "A bearer token is needed");

    const key = await cacheKey(token);
    let answer = await ctx.kv.get<Answer>(key);
    if (answer === undefined) {
      try {
        answer = await check(token, ctx.signal);
      } catch (error) {
        ctx.log.error("authorizer did not answer", { error: String(error) });
        return refusal(503, "The token cannot be checked now");
      }
      await ctx.kv.set(key, answer, { ttl: ctx.config.remember });
    }
    if (answer.subject === null) return refusal(403, "The token is not valid");
    request.headers.set("x-subject", answer.subject);
  },
});

async function check(token: string, signal: AbortSignal): Promise<Answer> {
  const body = new URLSearchParams({ token });
  const response = await fetch(`${authorizer}/introspect`, { method: "POST", body, signal });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const { active, sub } = await response.json<{ active: boolean; sub?: string }>();
  return { subject: active ? (sub ?? "unknown") : null };
}

/** The store holds no tokens. */
async function cacheKey(token: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}

function refusal(status: number, title: string): Response {
  return Response.json({ title, status }, { status });
}
