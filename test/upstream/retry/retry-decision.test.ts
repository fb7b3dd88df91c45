import fc from "fast-check";
import t from "tap";
import type { RetryConfig, RetryOn } from "../../../core/config/traffic-model.ts";
import { type ErrorCode, errorCodes, ProxyError, type RetrySafety } from "../../../core/errors.ts";
import { toConnectError } from "../../../core/net/connect-error.ts";
import {
  type AttemptFailure,
  decideRetry,
  longestRetryAfter,
  type RetryFacts,
  statusMatches,
} from "../../../core/upstream/retry/retry-decision.ts";

const config: RetryConfig = {
  attempts: 2,
  on: ["connect", "reset", "timeout", "5xx", "429"],
  anyMethod: false,
  perTry: 0,
  backoff: { base: 25, longest: 250 },
  replay: 65_536,
  hedge: null,
};

const get: RetryFacts = {
  method: "GET",
  hasIdempotencyKey: false,
  canReplay: true,
  responseBegan: false,
  hasOtherEndpoint: true,
};
const post: RetryFacts = { ...get, method: "POST" };

const refused = failed("connect_refused", "safe");
const reset = failed("upstream_closed");
const late = failed("response_head_timeout");

function failed(code: ErrorCode, retry: RetrySafety = "never"): AttemptFailure {
  return { error: new ProxyError(code, "Cannot send", { source: "upstream", retry }) };
}

function answered(status: number, retryAfter: number | null = null): AttemptFailure {
  return { error: null, status, retryAfter };
}

function why(failure: AttemptFailure, facts: RetryFacts, change: Partial<RetryConfig> = {}, attempt = 1) {
  const decision = decideRetry(failure, attempt, { ...config, ...change }, facts);
  return `${decision.retry ? "yes" : "no"}, ${decision.why}`;
}

t.test(
  "what is idempotent by RFC 9110 section 9.2.2 is sent again after any configured failure",
  async (t) => {
    for (const method of ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]) {
      for (const failure of [reset, late, answered(500), answered(503), answered(429)]) {
        t.equal(why(failure, { ...get, method }), "yes, idempotent");
      }
    }
  },
);

t.test("other methods are not, whatever the status says: it may have been applied", async (t) => {
  for (const method of ["POST", "PATCH", "CONNECT", "PROPFIND", "get", ""]) {
    for (const failure of [reset, late, answered(500), answered(503), answered(429)]) {
      t.equal(why(failure, { ...get, method }), "no, not-idempotent");
    }
  }
});

t.test("a POST that never arrived is sent again", async (t) => {
  t.equal(why(refused, post), "yes, not-sent");
  t.equal(why(failed("connect_timeout", "safe"), post), "yes, not-sent");
  t.equal(why(failed("pending_timeout", "safe"), post), "yes, not-sent");
  const closedWhileConnecting = toConnectError({ code: "ECONNRESET" }, "a");
  t.equal(closedWhileConnecting.code, "upstream_closed");
  t.equal(why({ error: closedWhileConnecting }, post, { on: ["connect"] }), "yes, not-sent");
});

t.test("a POST is sent again with an Idempotency-Key, or where the route allows any method", async (t) => {
  t.equal(why(reset, { ...post, hasIdempotencyKey: true }), "yes, idempotency-key");
  t.equal(why(reset, post, { anyMethod: true }), "yes, any-method");
});

t.test("nothing is sent again once the client got a byte, or a byte of its body is lost", async (t) => {
  for (const failure of [
    refused,
    reset,
    late,
    answered(503),
    failed("upstream_closed", "reused-connection"),
  ]) {
    t.equal(why(failure, { ...get, responseBegan: true }), "no, response-began");
    t.equal(why(failure, { ...get, canReplay: false }), "no, body-gone");
  }
});

t.test("the attempts of the route are the most there are", async (t) => {
  t.equal(why(reset, get, {}, 2), "yes, idempotent");
  t.equal(why(reset, get, {}, 3), "no, attempts-used");
  t.equal(why(refused, post, { attempts: 0 }), "no, attempts-used");
});

t.test("only what the route names is tried again", async (t) => {
  const failures = { connect: refused, reset, timeout: late };
  for (const [kind, failure] of Object.entries(failures)) {
    for (const on of ["connect", "reset", "timeout"] as const) {
      t.equal(decideRetry(failure, 1, { ...config, on: [on] }, get).retry, on === kind, `${kind} on ${on}`);
    }
  }
  t.equal(
    why(answered(500), get, { on: ["connect", "reset", "timeout", "gateway-error"] }),
    "no, not-configured",
  );
  t.equal(why(answered(404), get), "no, not-configured");
});

t.test(
  "a reused connection that died is no failure of the endpoint, and needs no configuration",
  async (t) => {
    const died = failed("upstream_closed", "reused-connection");
    t.equal(why(died, get, { on: [] }), "yes, idempotent");
    t.equal(why(failed("response_mismatched", "reused-connection"), get, { on: [] }), "yes, idempotent");
    t.equal(why(died, post, { on: [] }), "no, not-idempotent");
  },
);

t.test("failures of the client, of a policy or of the proxy are not tried again", async (t) => {
  for (const source of ["downstream", "plugin", "internal"] as const) {
    for (const code of errorCodes) {
      const failure = { error: new ProxyError(code, "", { source, retry: "safe" }) };
      t.equal(why(failure, get), "no, not-upstream");
    }
  }
});

t.test("a response that was not understood, or broke off, is not asked for again", async (t) => {
  for (const code of [
    "response_truncated",
    "status_malformed",
    "framing_ambiguous",
    "interim_flood",
  ] as const) {
    t.equal(why(failed(code), get), "no, not-configured");
  }
});

t.test("Retry-After of a 429 is waited for, up to a bound", async (t) => {
  t.same(decideRetry(answered(429, 1_000), 1, config, get), { retry: true, why: "idempotent", wait: 1_000 });
  t.equal(why(answered(429, longestRetryAfter), get), "yes, idempotent");
  t.equal(why(answered(429, longestRetryAfter + 1), get), "no, retry-after-too-long");
});

t.test("Retry-After of a 503 holds for its endpoint, not for another one", async (t) => {
  t.same(decideRetry(answered(503, 60_000), 1, config, get), { retry: true, why: "idempotent", wait: 0 });
  const alone = { ...get, hasOtherEndpoint: false };
  t.equal(decideRetry(answered(503, 1_000), 1, config, alone).wait, 1_000);
  t.equal(why(answered(503, 60_000), alone), "no, retry-after-too-long");
  t.equal(decideRetry(answered(500, 60_000), 1, config, alone).wait, 0, "where it means nothing");
});

t.test("no fact makes a request that may have been applied twice be sent twice", async (t) => {
  const anyFailure = fc.oneof(
    fc.record({
      error: fc.record({
        code: fc.constantFrom(...errorCodes),
        source: fc.constantFrom("downstream", "upstream", "plugin", "internal"),
        retry: fc.constantFrom("never", "reused-connection", "safe"),
      }),
    }),
    fc.record({
      error: fc.constant(null),
      status: fc.integer({ min: 100, max: 599 }),
      retryAfter: fc.constant(null),
    }),
  ) as fc.Arbitrary<AttemptFailure>;
  const anyFacts = fc.record({
    method: fc.constantFrom("GET", "PUT", "POST", "PATCH"),
    hasIdempotencyKey: fc.boolean(),
    canReplay: fc.boolean(),
    responseBegan: fc.boolean(),
    hasOtherEndpoint: fc.boolean(),
  });
  fc.assert(
    fc.property(anyFailure, anyFacts, fc.nat(4), (failure, facts, attempt) => {
      const { retry } = decideRetry(failure, attempt + 1, config, facts);
      if (!retry) return true;
      const once = facts.method === "GET" || facts.method === "PUT" || facts.hasIdempotencyKey;
      return (
        attempt < 2 && facts.canReplay && !facts.responseBegan && (once || failure.error?.retry === "safe")
      );
    }),
    { numRuns: 3000 },
  );
  t.pass();
});

t.test("statuses match by number, by class and by their names", async (t) => {
  const matched = (on: RetryOn[]) => {
    const all = Array.from({ length: 500 }, (_, index) => index + 100);
    return all.filter((status) => statusMatches(on, status));
  };
  t.same(matched([]), []);
  t.same(matched(["connect", "reset", "timeout"]), []);
  t.same(matched(["gateway-error"]), [502, 503, 504]);
  t.same(matched(["429"]), [429]);
  t.same(matched([429, 409, "gateway-error"]), [409, 429, 502, 503, 504]);
  t.equal(matched(["5xx"]).length, 100);
  t.same([matched(["5xx"])[0], matched(["5xx"])[99]], [500, 599]);
});
