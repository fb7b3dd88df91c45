import type { Config } from "../../config/model.ts";
import { handleKey } from "../../data/handles.ts";
import { bindsOnce } from "../../data/share.ts";
import { type BoundHandle, bindHandles, canPassHandles } from "../../net/bound-handle.ts";
import type { DataProcess } from "./data-process.ts";

/** Sockets of one address, one for each reactor. */
type Sockets = readonly BoundHandle[];

/** Sockets that a config needs beyond those that are bound already. */
export interface AddedListeners {
  /** Must reach the data process before the config does. */
  sendTo(process: DataProcess): void;
  /** The config is in force: sockets that it does not use are closed. */
  commit(): void;
  /** The config was refused: its new sockets are closed. */
  rollback(): void;
}

/**
 * The listening sockets, bound by the control process and served by the data process. The kernel
 * keeps them open, and queues connections on them, while a data process that died is replaced.
 *
 * Where the runtime cannot pass sockets on, this holds none and the data process binds by itself.
 */
export class BoundListeners {
  readonly #reactors: number;
  readonly #canPass = canPassHandles();
  #bound = new Map<string, Sockets>();

  constructor(reactors: number) {
    this.#reactors = reactors;
  }

  /** @throws ListenError when an address cannot be bound; nothing has changed then. */
  async prepare(config: Config): Promise<AddedListeners> {
    const added = new Map<string, Sockets>();
    try {
      for (const { address } of this.#canPass ? config.listeners : []) {
        const key = handleKey(address);
        if (!this.#bound.has(key)) {
          added.set(key, await bindHandles(address, this.#reactors));
        }
      }
    } catch (error) {
      closeAll(added);
      throw error;
    }
    return {
      sendTo: (process) => send(added, process),
      commit: () => this.#commit(config, added),
      rollback: () => closeAll(added),
    };
  }

  /** Names of listeners that one reactor serves alone, because the others cannot have the socket. */
  unshared({ listeners }: Config): readonly string[] {
    if (this.#canPass || this.#reactors === 1) return [];
    return listeners.filter(({ address }) => bindsOnce(address)).map(({ name }) => name);
  }

  /** Gives a new data process everything that is bound. */
  sendTo(process: DataProcess): void {
    send(this.#bound, process);
  }

  close(): void {
    closeAll(this.#bound);
    this.#bound.clear();
  }

  #commit(config: Config, added: ReadonlyMap<string, Sockets>): void {
    const used = new Set(config.listeners.map((listener) => handleKey(listener.address)));
    const all = [...this.#bound, ...added];
    this.#bound = new Map(all.filter(([key]) => used.has(key)));
    closeAll(new Map(all.filter(([key]) => !used.has(key))));
  }
}

function send(bound: ReadonlyMap<string, Sockets>, process: DataProcess): void {
  for (const [key, sockets] of bound) {
    sockets.forEach((socket, reactor) => {
      process.sendHandle({ handle: { key, reactor } }, socket.handle);
    });
  }
}

function closeAll(bound: ReadonlyMap<string, Sockets>): void {
  for (const socket of [...bound.values()].flat()) {
    socket.close();
  }
}
