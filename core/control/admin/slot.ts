import { isDeepStrictEqual } from "node:util";
import { demandToListen } from "#launch";
import type { Address } from "../../config/model.ts";
import type { AdminActions } from "./action.ts";
import type { AdminListener } from "./admin.ts";
import type { AdminPages } from "./page.ts";

/** A move of the admin listener that can still be taken back. */
export interface AdminMove {
  commit(): void;
  rollback(): void;
}

const stay: AdminMove = { commit() {}, rollback() {} };

/** The admin listener, which a reload may move to another address or switch off. */
export class AdminSlot {
  readonly #pages: AdminPages;
  readonly #actions: AdminActions;
  #configured: Address | null = null;
  #listener: AdminListener | null = null;
  #closed = false;

  constructor(pages: AdminPages, actions: AdminActions = {}) {
    this.#pages = pages;
    this.#actions = actions;
  }

  /** As bound; null while it is off. */
  get address(): Address | null {
    return this.#listener?.address ?? null;
  }

  /**
   * Listens on the new address beside the old one until the move is committed.
   *
   * @throws ListenError when the new address cannot be had, and on Deno an Error when it may not be
   */
  async prepare(address: Address | null): Promise<AdminMove> {
    if (isDeepStrictEqual(address, this.#configured)) return stay;
    const next = address === null ? null : await this.#listen(address);
    return {
      commit: () => this.#replace(address, next),
      rollback: () => next?.close(),
    };
  }

  /** For good: a move that is committed later closes what it opened. */
  close(): void {
    this.#closed = true;
    this.#replace(null, null);
  }

  /** The data process is not kept waiting while this one loads its HTTP server. */
  async #listen(address: Address): Promise<AdminListener> {
    demandToListen(address);
    const { listenAdmin } = await import("./admin.ts");
    return listenAdmin(address, this.#pages, this.#actions);
  }

  #replace(address: Address | null, next: AdminListener | null): void {
    this.#listener?.close();
    this.#listener = this.#closed ? null : next;
    this.#configured = address;
    if (this.#closed) next?.close();
  }
}
