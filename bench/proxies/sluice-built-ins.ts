/** Sluice with its built-in policies. */
import { createHash } from "node:crypto";
import {
  apiKey,
  checkCache,
  checkJson,
  checkKeyAndLimit,
  checkLimit,
  checkToken,
  checkValidation,
  expectedToken,
  narrowPath,
  narrowWindow,
  orderSchema,
  publicKey,
  subject,
  subjectField,
  wideLimit,
} from "./built-in-work.ts";
import type { ProxyServer } from "./proxy.ts";
import { fromSource, sluiceWith } from "./sluice.ts";

interface Use {
  readonly plugin: string;
  readonly config: object;
}

const identityHeaders = { subject: subjectField, method: "" };

const byKey: Use = auth({
  type: "api-key",
  keys: [{ key: `sha256:${createHash("sha256").update(apiKey).digest("hex")}`, subject }],
});
const byToken: Use = auth({
  type: "jwt",
  ...expectedToken,
  keys: [{ pem: publicKey, alg: "RS256" }],
});

/** As `limit_req` of nginx: in a bucket. Without fields it tells nobody what is left, as that does. */
function limited(
  limit: number,
  window: number,
  key: readonly string[],
  fields: "always" | "refused" = "refused",
): Use {
  const one = { algorithm: "token-bucket", limit, window, burst: limit, key };
  return { plugin: "rate-limit", config: { fields, limits: [one] } };
}

const address = ["address"];
const keyField = ["header:x-api-key"];

export const sluiceLimit: ProxyServer = {
  ...withPolicies("sluice-limit", [limited(wideLimit, 1, address)], [limited(1, narrowWindow, address)]),
  check: (target) => checkLimit(target),
};

export const sluiceLimitTold: ProxyServer = {
  ...withPolicies(
    "sluice-limit-told",
    [limited(wideLimit, 1, address, "always")],
    [limited(1, narrowWindow, address, "always")],
  ),
  check: (target) => checkLimit(target),
};

export const sluiceKeyAndLimit: ProxyServer = {
  ...withPolicies(
    "sluice-key-limit",
    [limited(wideLimit, 1, keyField), byKey],
    [limited(1, narrowWindow, keyField), byKey],
  ),
  check: checkKeyAndLimit,
};

export const sluiceCache: ProxyServer = {
  ...withPolicies("sluice-cache", [{ plugin: "cache", config: {} }]),
  check: checkCache,
};

export const sluiceToken: ProxyServer = { ...withPolicies("sluice-jwt", [byToken]), check: checkToken };

export const sluiceJson: ProxyServer = {
  ...withPolicies("sluice-transform", [
    {
      plugin: "transform",
      config: {
        response: [
          {
            json: [
              { op: "remove", path: "/stock" },
              { op: "rename", path: "/name", to: "title" },
              { op: "set", path: "/seen", value: true },
            ],
          },
        ],
      },
    },
  ]),
  check: checkJson,
};

export const sluiceValidation: ProxyServer = {
  ...withPolicies("sluice-validate", [{ plugin: "validate", config: { schema: orderSchema } }]),
  check: checkValidation,
};

function auth(strategy: object): Use {
  return { plugin: "auth", config: { strategies: [strategy], identityHeaders } };
}

function withPolicies(name: string, policies: readonly Use[], narrow?: readonly Use[]): ProxyServer {
  const routes = narrow && `  - { path: ${narrowPath}, cluster: app, policies: ${JSON.stringify(narrow)} }\n`;
  return sluiceWith(name, fromSource, { policies, ...(routes === undefined ? {} : { routes }) });
}
