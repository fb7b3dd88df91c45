import type { Address } from "../config/model.ts";

/** Announces a bound socket; the socket itself travels beside the message. */
export interface HandleMessage {
  readonly handle: { readonly key: string; readonly reactor: number };
}

/** What a bound socket is found by again: the address as it is configured, so port 0 has one as well. */
export function handleKey(address: Address): string {
  return JSON.stringify("path" in address ? [address.path] : [address.host, address.port]);
}

/** The sockets that another process bound for the listeners of this one. */
export class HandleTable {
  readonly #handles = new Map<string, unknown>();

  add(address: { readonly key: string; readonly reactor: number }, handle: unknown): void {
    this.#handles.set(entry(address.key, address.reactor), handle);
  }

  /**
   * The socket for this listener of this reactor; undefined: it has to bind one itself. A socket
   * is given out once, because the listener closes it.
   */
  take(address: Address, reactor: number): unknown {
    const key = entry(handleKey(address), reactor);
    const handle = this.#handles.get(key);
    this.#handles.delete(key);
    return handle;
  }
}

function entry(key: string, reactor: number): string {
  return `${reactor} ${key}`;
}
