/** What came of refreshing a session, told to the other threads of the machine. */
import { base64url } from "jose";
import type { Counters, KeyValueStore } from "sluice/sdk";
import type { SealedBox } from "./sealed-box.ts";
import { readSession, type Session } from "./session.ts";

/** `over`: the provider has ended it; `failed`: the provider could not be asked. */
export type Renewed =
  | { readonly kind: "session"; readonly session: Session }
  | { readonly kind: "over" }
  | { readonly kind: "failed" };

export interface SharedState {
  readonly kv: Pick<KeyValueStore, "get" | "set">;
  readonly counters: Pick<Counters, "add" | "delete">;
}

/** For how long requests that still have the old cookie get what came of it, in s: responses get lost. */
export const rememberedFor = 300;
/** For how long nobody asks again after a failure, in s. */
export const failedFor = 5;
/** Between two looks at what another thread does, in ms. */
const pause = 20;

/**
 * One thread refreshes, the others wait: many providers take a second use of a refresh token for a theft, and end the
 * user's session everywhere.
 *
 * @example
 * const key = await renewals.keyOf(session);
 * if (renewals.claim(key)) await renewals.tell(key, await refresh());
 * else await renewals.wait(key);
 */
export class SharedRenewals {
  private readonly state: SharedState;
  private readonly box: SealedBox;
  private readonly longest: number;

  /** @param longest s that refreshing may take: afterwards another one may try, whatever became of the first */
  constructor(state: SharedState, box: SealedBox, longest: number) {
    this.state = state;
    this.box = box;
    this.longest = longest;
  }

  /** What stands for its refresh token, and does not tell it. */
  async keyOf({ refreshToken }: Session): Promise<string> {
    const bytes = new TextEncoder().encode(refreshToken!) as Uint8Array<ArrayBuffer>;
    return base64url.encode(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
  }

  /** Whether it is the caller who refreshes. */
  claim(key: string): boolean {
    return this.state.counters.add(claimKey(key), 1, { most: 1, ttl: this.longest }) !== undefined;
  }

  async tell(key: string, renewed: Renewed): Promise<void> {
    const text = renewed.kind === "session" ? JSON.stringify(renewed.session) : renewed.kind;
    const ttl = renewed.kind === "failed" ? failedFor : rememberedFor;
    await this.state.kv.set(resultKey(key), await this.box.seal(text), { ttl });
    // Another one may try.
    if (renewed.kind === "failed") this.state.counters.delete(claimKey(key));
  }

  /** Null: nobody has told. */
  async known(key: string): Promise<Renewed | null> {
    const sealed = await this.state.kv.get<string>(resultKey(key));
    const text = sealed === undefined ? null : await this.box.open(sealed);
    if (text === null) return null;
    if (text === "over" || text === "failed") return { kind: text };
    const session = readSession(text);
    return session === null ? null : { kind: "session", session };
  }

  async wait(key: string): Promise<Renewed> {
    for (let waited = 0; waited < this.longest * 1000; waited += pause) {
      const renewed = await this.known(key);
      if (renewed !== null) return renewed;
      await new Promise<void>((resolve) => void setTimeout(resolve, pause));
    }
    return { kind: "failed" };
  }
}

function claimKey(key: string): string {
  return `oidc refreshing ${key}`;
}

function resultKey(key: string): string {
  return `oidc refreshed ${key}`;
}
