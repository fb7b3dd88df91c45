import { createHash, randomBytes } from "node:crypto";
import { type ConfigRequest, findDefaultFile, readConfig } from "../config-source.ts";
import { exitCodes } from "../exit-codes.ts";
import { type KeyRecord, type KeyRecords, recordsInStore, recordsOfProxy } from "./records.ts";
import type { KeyRequest } from "./request.ts";

/** Digits of a hash that tell keys apart for people. */
const idLength = 12;

/**
 * `sluice key`: API keys of `auth` that are added and taken away while Sluice runs. A new key is printed once; what is kept is
 * its hash.
 *
 * @throws Error when the proxy or the store cannot be asked, or has no such key
 */
export async function key(
  { file, overrides, request }: ConfigRequest & { readonly request: KeyRequest },
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const config = await readConfig(file ?? findDefaultFile(), overrides, env);
  const records =
    request.store === null ? recordsOfProxy(config.admin) : await recordsInStore(config, request.store);
  try {
    await carryOut(request, records);
    return exitCodes.ok;
  } finally {
    records.close();
  }
}

async function carryOut(request: KeyRequest, records: KeyRecords): Promise<void> {
  if (request.verb === "add") return add(request, records);
  const all = await records.list();
  if (request.verb === "list") {
    process.stdout.write(request.json ? keysJson(all) : keysText(all));
    return;
  }
  const record = findKey(all, request.id);
  const hash = hashIn(record);
  if (request.verb === "revoke") await records.set(hash, null);
  else await records.set(hash, { ...record, disabled: request.verb === "disable" });
  process.stderr.write(`${request.verb}d key ${idOf(record)} of ${plain(record.subject)}\n`);
}

async function add(
  { subject, facts }: Extract<KeyRequest, { verb: "add" }>,
  records: KeyRecords,
): Promise<void> {
  const shown = `slk_${randomBytes(32).toString("base64url")}`;
  const hash = createHash("sha256").update(shown).digest("hex");
  const record: KeyRecord = { key: `sha256:${hash}`, subject, ...facts };
  await records.set(hash, record);
  process.stderr.write(`added key ${idOf(record)} of ${plain(subject)}; it is not shown again:\n`);
  process.stdout.write(`${shown}\n`);
}

/** @throws Error when there is none, or more than one */
function findKey(records: readonly KeyRecord[], id: string): KeyRecord {
  const [found, other] = records.filter((record) => hashIn(record).startsWith(id));
  if (found === undefined) throw new Error(`There is no key ${id}`);
  if (other !== undefined) throw new Error(`More than one key begins with ${id}`);
  return found;
}

/**
 * The table that people read.
 *
 * @example
 * keysText([{ key: `sha256:${hash}`, subject: "billing", scopes: ["orders:read"] }]);
 */
export function keysText(records: readonly KeyRecord[]): string {
  if (records.length === 0) return "There are no keys\n";
  const rows = records.map((record) => [
    idOf(record),
    plain(record.subject),
    plain(record.scopes?.join(",") ?? "") || "-",
    plain(record.groups?.join(",") ?? "") || "-",
    plain(record.expires ?? "") || "never",
    record.disabled === true ? "disabled" : "good",
  ]);
  const all = [["ID", "SUBJECT", "SCOPES", "GROUPS", "EXPIRES", "STATE"], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

/** With escapes of JSON for what {@link plain} takes out. */
function keysJson(records: readonly KeyRecord[]): string {
  const unit = (_: string, at: number, text: string) =>
    `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`;
  const escaped = (found: string) => found.replaceAll(/./gs, unit);
  return `${JSON.stringify(records, null, 2).replaceAll(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)}\n`;
}

/** What is in a store may have been put there by others, who would write to the operator's terminal. */
function plain(text: unknown): string {
  return String(text).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}

function idOf(record: KeyRecord): string {
  return hashIn(record).slice(0, idLength);
}

function hashIn({ key: hashed }: KeyRecord): string {
  return hashed.slice("sha256:".length);
}
