import type { ProblemStatus } from "../answers.ts";
import type { OidcConfig } from "../config.ts";
import type { CookieNames } from "../cookies.ts";
import type { ProveClient } from "../provider/client-auth.ts";
import type { Provider, ProviderHost } from "../provider/provider.ts";
import type { SealedBox } from "../session/sealed-box.ts";
import type { SessionStore } from "../session/store.ts";

/** What logins and logouts are made with. */
export interface LoginParts {
  readonly config: OidcConfig;
  readonly names: CookieNames;
  readonly provider: Provider;
  readonly proveClient: ProveClient;
  readonly box: SealedBox;
  readonly sessions: SessionStore;
  readonly host: ProviderHost;
}

/** What the browser keeps while it is at the provider. */
export interface PendingLogin {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
  readonly path: string;
  /** S since 1970. */
  readonly begun: number;
}

/** For how long a user may take, in s. */
export const pendingFor = 900;

/** Why a login came to nothing. */
export class LoginFailure extends Error {
  readonly status: ProblemStatus;
  readonly code: string;

  constructor(status: ProblemStatus, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}
