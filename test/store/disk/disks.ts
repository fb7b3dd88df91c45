import * as promises from "node:fs/promises";
import { join } from "node:path";
import type { Test } from "tap";
import type { FileSystem } from "../../../core/store/disk/disk-folder.ts";
import { DiskStore, type DiskStoreOptions } from "../../../core/store/disk/disk-store.ts";
import { TinyLfu } from "../../../core/store/eviction/tiny-lfu.ts";
import { type KeptBody, StoredBody } from "../../../core/store/responses/stored-body.ts";

export interface TestDisk {
  readonly path: string;
  readonly store: DiskStore;
  /** Errors that it told of, and null when it worked again. */
  readonly states: unknown[];
  /** Keeps a response whose body is this, and waits until it is there. */
  put(key: string, body: Buffer | string, ...tags: string[]): Promise<boolean>;
  /** Null: it is not there. */
  get(key: string): Promise<string | null>;
  files(): Promise<string[]>;
}

/** A store on disk in a folder of the test, ready to be used. */
export async function startDisk(t: Test, options: Partial<DiskStoreOptions> = {}): Promise<TestDisk> {
  const path = options.path ?? join(t.testdir(), "cache");
  const states: unknown[] = [];
  const store = new DiskStore({
    path,
    size: 10 * 1024 * 1024,
    files: 1000,
    eviction: (capacity) => new TinyLfu({ capacity, seed: 1 }),
    isPurged: () => false,
    onState: (error) => states.push(error),
    pause: 0,
    ...options,
  });
  await store.scanned;
  t.teardown(() => store.close());
  return {
    path,
    store,
    states,
    async put(key, body, ...tags) {
      const url = `https://a.test/${key}`;
      const kept = store.keep({ key, meta: `of ${key}`, url, tags }, new StoredBody([Buffer.from(body)]));
      await store.settled();
      return kept;
    },
    async get(key) {
      if (!store.has(key)) return null;
      const found = await store.load(key);
      return found === null ? null : (await textOf(found.body)).toString();
    },
    files: async () => (await promises.readdir(path)).sort(),
  };
}

export async function textOf(body: KeptBody): Promise<Buffer> {
  return body instanceof StoredBody ? Buffer.concat(body.parts) : body.bytes();
}

/** The system's files, but for what is put in the place of some of them. */
export function withFaults(faults: Partial<FileSystem>): FileSystem {
  return { ...promises, ...faults };
}

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: it was made for a test`), { code });
}
