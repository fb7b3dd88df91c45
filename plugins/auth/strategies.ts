/** The types of strategies that there are, each in the file of its name. */
import { apiKey } from "./api-key.ts";
import { basic } from "./basic.ts";
import { clientCertificate } from "./client-certificate.ts";
import { forwardAuth } from "./forward-auth.ts";
import { introspection } from "./introspection.ts";
import { jwt } from "./jwt.ts";
import { oidc } from "./oidc.ts";
import { signature } from "./signature.ts";
import type { StrategyType } from "./strategy.ts";
import { webhook } from "./webhook.ts";

export const strategyTypes: readonly StrategyType[] = [
  apiKey,
  basic,
  clientCertificate,
  forwardAuth,
  introspection,
  jwt,
  oidc,
  signature,
  webhook,
];
