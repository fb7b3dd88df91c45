/** The contract between `index.ts` and the ways to find out who sent a request, one in each file beside it. */
import type { ConfigSchema, Context, Identity, PluginRequest, PluginResponse, SetupHost } from "sluice/sdk";

/** What a strategy may use of the context of a request. */
export type AuthContext = Context;

/** One way to find out who sent a request. */
export interface Strategy {
  /** The `method` of its identities. */
  readonly name: string;
  /** Of a 401 to a request without credentials: a value of WWW-Authenticate (RFC 9110, section 11.6.1). */
  readonly challenge?: string;
  /** Fields of a request that only this strategy may set: what clients send there is removed before anything else. */
  readonly ownFields?: readonly string[];
  /**
   * Gets ready before there is traffic: reads secrets, fetches keys. What it throws ends as the strategy's `onStart`
   * says. Afterwards `authenticate` must refuse as long as it is not ready.
   */
  start?(): Promise<void>;
  authenticate(request: PluginRequest, ctx: AuthContext): Verdict | Promise<Verdict>;
  /** Takes out of a request that goes on what the service shall not have, whichever strategy knew the client. */
  conceal?(request: PluginRequest): void;
  /** Adds to the response to a request that went on. */
  respond?(response: PluginResponse, ctx: AuthContext): void;
}

/** What came of it. */
export type Verdict =
  | { readonly kind: "identity"; readonly identity: Identity }
  /** There are no credentials of this kind. */
  | { readonly kind: "absent"; readonly invite?: Invite }
  | Refused
  /** An answer in the place of the service's, whatever the other strategies would say. */
  | { readonly kind: "respond"; readonly response: Response };

/**
 * Asks for credentials in the place of a 401, as by sending a browser to a login; null: this client cannot be asked so.
 * Called only when it comes to a 401 for the want of these credentials.
 */
export type Invite = () => Response | Promise<Response> | null;

/** There are credentials, and they are not good. */
export interface Refused {
  readonly kind: "refused";
  /** For the log and the metrics: a short code such as `expired`, never a part of what the client sent. */
  readonly reason: string;
  /** In the place of the strategy's own. */
  readonly challenge?: string;
  /** 401 by default; 403 where other credentials would not help, 503 where the strategy is not ready. */
  readonly status?: 401 | 403 | 429 | 503;
  /** Seconds, with 429 and 503. */
  readonly retryAfter?: number;
}

/** How strategies of a type are made. `Config` is what `schema` accepts, defaults filled in. */
export interface StrategyType<Config = never> {
  readonly type: string;
  /** Of the strategy's config, without `type` and `onStart`, which all have. Checked by `check-config.ts`. */
  readonly schema: ConfigSchema;
  /** @throws Error for a config that makes no sense: the policy is not loaded then */
  create(config: Config, host: SetupHost): Strategy;
}

/** Nothing of this kind is there. */
export const absent: Verdict = { kind: "absent" };

/**
 * A verdict that says no.
 *
 * @example
 * refused("expired", 'Bearer error="invalid_token"');
 */
export function refused(reason: string, challenge?: string): Refused {
  return challenge === undefined ? { kind: "refused", reason } : { kind: "refused", reason, challenge };
}
