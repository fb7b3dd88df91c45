/** A Sluice whose clients show API keys, and the commands for these keys. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import { startSluice } from "./running-sluice.ts";

const binary = fileURLToPath(new URL("../../core/cli/main.ts", import.meta.url));

interface Settings {
  readonly workers?: number;
  readonly strategy?: string;
  readonly extra?: string;
  readonly args?: readonly string[];
}

/** A Sluice that asks for keys, and the command for its keys. */
export async function startKeyed(t: Test, folder: string, settings: Settings = {}) {
  const { workers = 1, strategy = "kv: true", extra = "", args = [] } = settings;
  const file = join(folder, "sluice.yaml");
  writeFileSync(
    file,
    `listeners: [{ address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
workers: ${workers}
accessLog: false
${extra}
routes:
  - respond: { status: 200, body: in }
    policies: [{ plugin: auth, config: { strategies: [{ type: api-key, ${strategy} }] } }]
`,
  );
  const sluice = startSluice(t, "--config", file, ...args);
  const [url, admin] = [await sluice.url(), await sluice.adminUrl()];
  const show = async (key: string) =>
    (await fetch(url, { headers: { "x-api-key": key, connection: "close" } })).status;
  const post = async (body: object) => {
    const response = await fetch(`${admin}/kv`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const key = (...words: string[]) =>
    sluiceKey("--config", file, "--admin", admin.slice("http://".length), ...words);
  return { sluice, show, post, key };
}

export function sluiceKey(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [binary, "key", ...words], (error, stdout, stderr) => {
      resolve({ code: (error?.code as number | undefined) ?? 0, stdout, stderr });
    });
  });
}

/** What `sluice key add` writes down of a key. */
export function recordFor(key: string, subject: string): { readonly key: string; readonly value: object } {
  const hash = createHash("sha256").update(key).digest("hex");
  return { key: `api-key:${hash}`, value: { key: `sha256:${hash}`, subject } };
}
