import { isDeepStrictEqual } from "node:util";
import type { Address } from "../config/model.ts";
import { type AdminListener, type AdminPages, listenAdmin } from "./admin.ts";

/** A move of the admin listener that can still be taken back. */
export interface AdminMove {
  commit(): void;
  rollback(): void;
}

const stay: AdminMove = { commit() {}, rollback() {} };

/** The admin listener, which a reload may move to another address or switch off. */
export class AdminSlot {
  readonly #pages: AdminPages;
  #configured: Address | null = null;
  #listener: AdminListener | null = null;

  constructor(pages: AdminPages) {
    this.#pages = pages;
  }

  /** As bound; null while it is off. */
  get address(): Address | null {
    return this.#listener?.address ?? null;
  }

  /**
   * Listens on the new address beside the old one until the move is committed.
   *
   * @throws ListenError when the new address cannot be had
   */
  async prepare(address: Address | null): Promise<AdminMove> {
    if (isDeepStrictEqual(address, this.#configured)) return stay;
    const next = address === null ? null : await listenAdmin(address, this.#pages);
    return {
      commit: () => {
        this.#listener?.close();
        this.#listener = next;
        this.#configured = address;
      },
      rollback: () => next?.close(),
    };
  }

  close(): void {
    this.#listener?.close();
    this.#listener = null;
    this.#configured = null;
  }
}
