import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Test } from "tap";

/** A folder of plugins beside which a state and a config may lie. */
export class PluginFolder {
  readonly root: string;
  readonly plugins: string;
  readonly state: string;

  constructor(t: Test, files: Readonly<Record<string, string>>) {
    this.root = mkdtempSync(join(tmpdir(), "sluice-control-"));
    t.teardown(() => rmSync(this.root, { recursive: true, force: true }));
    this.plugins = join(this.root, "plugins");
    this.state = join(this.root, "state");
    mkdirSync(this.plugins);
    for (const [name, text] of Object.entries(files)) this.save(name, text);
  }

  /** As editors do: written beside, then renamed onto it. */
  save(name: string, text: string): void {
    const path = join(this.plugins, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}~`, text);
    renameSync(`${path}~`, path);
  }

  /** Returns the path of a file beside the plugins. */
  write(name: string, text: string): string {
    const path = join(this.root, name);
    writeFileSync(`${path}.tmp`, text);
    renameSync(`${path}.tmp`, path);
    return path;
  }
}

/** A plugin that answers every request with a text. */
export function answering(text: string, more = ""): string {
  return `import { definePlugin } from "sluice/sdk";
export default definePlugin({${more}
  onRequest() { return new Response(${JSON.stringify(text)}); },
});
`;
}
