/** Numbers that several machines share. What is asked of it waits for the network, and may fail for it. */
export interface RemoteStore {
  /**
   * Takes steps together, without anybody in between: all that take are counted, or none of them.
   *
   * @param namespace a plugin's name
   * @returns what the script says (redis/script.ts)
   * @throws StoreLostError, by rejection, when nobody knows whether it was done
   */
  run(namespace: string, steps: readonly StoreStep[]): Promise<string>;
}

/**
 * What a step does: takes from a bucket, a window, a quota or places (lower case), adjusts what was taken (upper case),
 * or is about a single number. Its arguments are those of the script.
 */
export type StoreOp =
  | "b"
  | "w"
  | "q"
  | "p"
  | "B"
  | "W"
  | "Q"
  | "P"
  | "get"
  | "set"
  | "del"
  | "add"
  | "cas"
  | PinOp;

/**
 * What a step does with the operator's values for a plugin: finds one, sets one, takes one away, or tells them all, one in a
 * line. Policies only find.
 */
export type PinOp = "pinned" | "pin" | "unpin" | "pins";

/** Arguments of a step; an empty text: there is none. */
export type StoreArguments = readonly [StoreValue, StoreValue, StoreValue, StoreValue, StoreValue];
type StoreValue = number | string;

export interface StoreStep {
  readonly op: StoreOp;
  readonly key: string;
  readonly values: StoreArguments;
}

/** The store is not there, or does not answer in time. */
export class StoreLostError extends Error {
  override readonly name = "StoreLostError";
}
