/** Where the records of API keys are: in a running Sluice, or in a store that machines share. */
import { type IncomingMessage, request } from "node:http";
import { text as textOf } from "node:stream/consumers";
import { formatAddress } from "../../config/address.ts";
import type { Address, Config } from "../../config/model.ts";
import { remoteStores } from "../../data/open-store.ts";
import { StoreMetrics } from "../../observe/store-metrics.ts";
import type { PinOp } from "../../store/remote-store.ts";
import { UsageError } from "../usage-error.ts";

/** What `auth` finds a key by (plugins/auth/api-key/kept-keys.ts). */
const plugin = "auth";
const prefix = "api-key:";

/** A record as it stands in the list `keys` of the config, too. */
export interface KeyRecord {
  readonly key: string;
  readonly subject: string;
  readonly scopes?: readonly string[];
  readonly groups?: readonly string[];
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly expires?: string;
  readonly disabled?: boolean;
}

export interface KeyRecords {
  list(): Promise<readonly KeyRecord[]>;
  /** @param record null: it is taken away */
  set(hash: string, record: KeyRecord | null): Promise<void>;
  close(): void;
}

/** ms for an answer of the admin listener. */
const patience = 5000;

/** The records of the Sluice that has this admin listener. */
export function recordsOfProxy(admin: Address | null): KeyRecords {
  if (admin === null) throw new UsageError("The admin listener is off: nobody can be asked");
  return {
    async list() {
      const { values } = (await ask(admin, { plugin, prefix })) as { values: { value: unknown }[] };
      return values.map(({ value }) => value).filter(isRecord);
    },
    async set(hash, record) {
      await ask(admin, { plugin, key: prefix + hash, value: record });
    },
    close() {},
  };
}

async function ask(admin: Address, body: object): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asking = request(
    {
      ...targetOf(admin),
      path: "/kv",
      method: "POST",
      headers: { "content-type": "application/json" },
      timeout: patience,
    },
    resolve,
  );
  asking.on("timeout", () => asking.destroy(new Error("it did not answer in time")));
  asking.on("error", (error: Error) =>
    reject(new Error(`Cannot ask the admin listener at ${formatAddress(admin)}: ${error.message}`)),
  );
  asking.end(JSON.stringify(body));
  const response = await promise;
  const answer = await textOf(response);
  if (response.statusCode === 200) return JSON.parse(answer);
  throw new Error(`The admin listener refused it with status ${response.statusCode}: ${answer.trim()}`);
}

function targetOf(admin: Address): object {
  if ("path" in admin) return { socketPath: admin.path, host: "localhost" };
  const { host, port } = admin;
  return { host: host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host, port };
}

/** The records in one of the stores of the config. */
export async function recordsInStore(config: Config, name: string): Promise<KeyRecords> {
  const found = config.stores.find((store) => store.name === name);
  if (found === undefined) {
    const names = config.stores.map((store) => store.name).join(", ") || "none";
    throw new UsageError(`Unknown store "${name}": expected one of ${names}`);
  }
  const stores = remoteStores(new StoreMetrics(), () => null);
  await stores.prepare([found]);
  stores.commit();
  const run = async (op: PinOp, key = "", value = ""): Promise<string> => {
    try {
      return await stores.find(name)!.run(plugin, [{ op, key, values: ["", value, "", "", ""] }]);
    } catch (error) {
      throw new Error(`Cannot use the store ${name}: ${(error as Error).message}`);
    }
  };
  return {
    async list() {
      const lines = (await run("pins")).slice(1).split("\n");
      return lines.flatMap(readRecord);
    },
    async set(hash, record) {
      if (record === null) await run("unpin", prefix + hash);
      else await run("pin", prefix + hash, JSON.stringify(record));
    },
    close: () => stores.close(),
  };
}

/** Whatever is there besides is not for this command. */
function readRecord(line: string): KeyRecord[] {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? [value] : [];
  } catch {
    return [];
  }
}

function isRecord(value: unknown): value is KeyRecord {
  const { key, subject } = Object(value) as Partial<Record<keyof KeyRecord, unknown>>;
  return typeof key === "string" && /^sha256:[0-9a-f]{64}$/.test(key) && typeof subject === "string";
}
