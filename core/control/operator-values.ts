/** What the operator puts into the `kv` of plugins while Sluice runs; with a state folder it is there after a restart, too. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type PinnedValue, PinnedValues } from "../store/kv/pinned-values.ts";
import { withLock } from "./folder-lock.ts";
import { readPrivateFile, StateError, writePrivateFile } from "./private-file.ts";

const fileName = "operator-values.json";
const lockName = "operator-values.lock";
/** Changes when older files cannot be read any more. */
const format = "sluice-values-1";

/** In code units. */
const longestPlugin = 256;
const longestKey = 1024;
const longestValue = 16 * 1024;
/** Of all values with their keys, in code units: they are handed to every reactor at once. */
const mostText = 16 * 1024 * 1024;
/** Bytes; in UTF-8, and escaped within JSON, a code unit takes up to six. */
const largestFile = 6 * mostText + 1024 * 1024;

/** A value that cannot be taken, told to whoever sent it. */
export class ValueRefused extends Error {
  override readonly name = "ValueRefused";
}

export interface OperatorValuesOptions {
  /** Of the state; null: values end with the process. */
  readonly folder: string | null;
  /** Tells those who run plugins. */
  readonly apply: (values: readonly PinnedValue[]) => Promise<void>;
}

export class OperatorValues {
  private readonly options: OperatorValuesOptions;
  private readonly values = new PinnedValues();
  private length = 0;
  /** Changes of this instance that the file does not have yet. */
  private unkept: readonly PinnedValue[] = [];
  /** Changes are written one after the other. */
  private writing: Promise<void> = Promise.resolve();

  constructor(options: OperatorValuesOptions) {
    this.options = options;
  }

  /**
   * Takes those that were kept.
   *
   * @throws StateError for a file that is not to be trusted: whoever starts without it would lose what is in it
   */
  async load(): Promise<void> {
    const { folder, apply } = this.options;
    if (folder === null) return;
    const values = (await readValues(folder)) ?? [];
    for (const value of values) this.take(value);
    await apply(values);
  }

  list(plugin: string): PinnedValue[] {
    return this.values.list(plugin);
  }

  /**
   * Changes a value. When this resolves all reactors have it, and so has the file.
   *
   * @returns whether there was one before
   * @throws ValueRefused for one that is too long, or one too many
   * @throws the system's error when it is in force and could not be kept
   */
  async set(change: PinnedValue): Promise<boolean> {
    const { folder, apply } = this.options;
    check(change);
    const before = this.values.get(change.plugin, change.key);
    if (this.length + lengthOf(change) - lengthOf({ ...change, value: before }) > mostText)
      throw new ValueRefused(`Values take more than ${mostText} characters together`);
    this.take(change);
    if (folder !== null) this.unkept = [...this.unkept, change];
    await apply([change]);
    if (folder !== null) await this.keep(folder);
    return before !== null;
  }

  private take(change: PinnedValue): void {
    const { plugin, key } = change;
    this.length += lengthOf(change) - lengthOf({ ...change, value: this.values.get(plugin, key) });
    this.values.set(change);
  }

  private keep(folder: string): Promise<void> {
    const merge = () => this.mergeAlone(folder);
    const written = this.writing.then(merge, merge);
    this.writing = written.catch(() => {});
    return written;
  }

  private async mergeAlone(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await withLock(folder, lockName, () => this.merge(folder));
  }

  /** Another instance may have written since: its changes are taken in, and only what was changed here is put over them. */
  private async merge(folder: string): Promise<void> {
    if (this.unkept.length === 0) return;
    const kept = await readValues(folder);
    const { unkept } = this;
    if (kept !== null) {
      const others = differences(this.values, withChanges(kept, unkept));
      for (const change of others) this.take(change);
      if (others.length > 0) await this.options.apply(others);
    }
    const values = this.values.list();
    await writePrivateFile(folder, fileName, JSON.stringify({ format, values }));
    this.unkept = this.unkept.filter((change) => !unkept.includes(change));
  }
}

function withChanges(values: readonly PinnedValue[], changes: readonly PinnedValue[]): PinnedValues {
  const changed = new PinnedValues();
  for (const value of [...values, ...changes]) changed.set(value);
  return changed;
}

/** What makes the one into the other. */
function differences(from: PinnedValues, to: PinnedValues): PinnedValue[] {
  const gone = from.list().filter(({ plugin, key }) => to.get(plugin, key) === null);
  const fresh = to.list().filter(({ plugin, key, value }) => from.get(plugin, key) !== value);
  return [...gone.map((value) => ({ ...value, value: null })), ...fresh];
}

function check({ plugin, key, value }: PinnedValue): void {
  if (plugin.length > longestPlugin || key.length > longestKey)
    throw new ValueRefused("The name of the plugin or the key is too long");
  if (value !== null && value.length > longestValue)
    throw new ValueRefused(`The value is longer than ${longestValue} characters`);
}

function lengthOf({ plugin, key, value }: PinnedValue): number {
  return value === null ? 0 : plugin.length + key.length + value.length;
}

/** Null: there is no file. */
async function readValues(folder: string): Promise<readonly PinnedValue[] | null> {
  try {
    const text = await readPrivateFile(folder, fileName, largestFile);
    return text === null ? null : parseValues(text);
  } catch (error) {
    throw new StateError(`Cannot use ${join(folder, fileName)}: ${(error as Error).message}`);
  }
}

function parseValues(text: string): readonly PinnedValue[] {
  const { format: found, values } = Object(JSON.parse(text)) as { format?: unknown; values?: unknown };
  if (found !== format) throw new StateError(`expected the format ${format}, found another`);
  if (!Array.isArray(values) || !values.every(isPinned)) throw new StateError("it is damaged");
  return values;
}

function isPinned(value: unknown): value is PinnedValue {
  const texts = Object(value) as Record<keyof PinnedValue, unknown>;
  return [texts.plugin, texts.key, texts.value].every((text) => typeof text === "string");
}
