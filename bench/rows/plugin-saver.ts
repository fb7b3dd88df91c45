import { rename, writeFile } from "node:fs/promises";
import http from "node:http";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { get } from "../load/get.ts";
import { gateFields } from "../proxies/gate.ts";
import { gateFile, gateText } from "../proxies/sluice-plugins.ts";
import type { RunningProxy } from "../proxies/start.ts";

const pollMs = 1;
const patienceMs = 20_000;

/** Saves a gate again and again, each time with another version in it. */
export class PluginSaver {
  readonly #proxy: RunningProxy;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  #version = 0;

  constructor(proxy: RunningProxy) {
    this.#proxy = proxy;
  }

  /**
   * Saves as editors do, another file moved over the old one, and asks until a response shows the new version.
   *
   * @returns ms from the first byte written to the end of that response
   * @throws when none does within 20 s
   */
  async save(): Promise<number> {
    const version = `v${++this.#version}`;
    const file = gateFile(this.#proxy.directory);
    const scratch = join(dirname(file), `.${basename(file)}.tmp`);
    const savedAt = performance.now();
    await writeFile(scratch, gateText(version));
    await rename(scratch, file);
    while ((await this.#answering()) !== version) {
      if (performance.now() - savedAt > patienceMs)
        throw new Error(`Cannot measure: ${version} never answered`);
      await delay(pollMs);
    }
    return performance.now() - savedAt;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #answering(): Promise<unknown> {
    const { fields } = await get(this.#proxy.target, "/small", gateFields, this.#agent);
    return fields["x-policy"];
  }
}
