/** The checks of the contract are data: the same list runs on every engine. */
import type { PluginSettings } from "../../../core/config/model.ts";
import type { EngineName } from "../../../core/sandbox/engine.ts";

/** Why an engine is spared a check. */
export type Exempt = Partial<Record<EngineName, string>>;

/** Of a check whose subject is still to be built. */
export function everywhere(reason: string): Exempt {
  return { "isolated-vm": reason, quickjs: reason, inline: reason };
}

/** Code in a guest, and what it must come to. */
export interface ValueCheck {
  readonly title: string;
  /** Body of an async function `(request, ctx)`; what it returns is compared as JSON. */
  readonly code: string;
  readonly expected?: unknown;
  /** Name of the error that it must throw instead. */
  readonly throws?: string;
  readonly exempt?: Exempt;
}

/** What a client sends. Default: `GET /`. */
export interface Sent {
  readonly method?: string;
  readonly target?: string;
  /** Field lines beside Host. */
  readonly fields?: readonly string[];
  /** With a Content-Length. */
  readonly body?: string;
  /** With chunked coding, each as a chunk of its own, a turn of the event loop apart. */
  readonly chunks?: readonly string[];
}

/** What is compared of a message; what is not named may be anything. */
export interface Seen {
  readonly status?: number;
  readonly startLine?: string | RegExp;
  /** By name in lower case; null: the field must not be there. */
  readonly fields?: Readonly<Record<string, string | RegExp | null>>;
  readonly body?: string | RegExp;
  /** The body as JSON. */
  readonly json?: unknown;
}

export interface Step {
  readonly send?: Sent;
  /** What the client gets. */
  readonly gets?: Seen;
  /** What the endpoint gets; null: it is not asked. */
  readonly passes?: Seen | null;
  /** The endpoint's answer, field lines and body. Default: `upstream` as a body. */
  readonly answer?: string;
}

/** Messages through a gateway with plugins. */
export interface ExchangeCheck extends Step {
  readonly title: string;
  /** Members of a plugin, a module, or several of them by file name. */
  readonly plugin: string | Readonly<Record<string, string>>;
  readonly settings?: Partial<PluginSettings>;
  readonly environment?: Readonly<Record<string, string>>;
  /** In place of one step. */
  readonly steps?: readonly Step[];
  /** Lines that the plugins log in the end, as `level message`. */
  readonly logs?: readonly (string | RegExp)[];
  readonly counts?: readonly string[];
  readonly exempt?: Exempt;
}

/** A plugin that must not load, or must. */
export interface LoadCheck {
  readonly title: string;
  readonly plugin: string;
  readonly settings?: Partial<PluginSettings>;
  readonly grantDeclared?: boolean;
  /** Null: it loads. */
  readonly refused: RegExp | null;
  /** Line of the author's text; engines differ in the column. */
  readonly at?: string;
  readonly exempt?: Exempt;
}

/** A plugin's text, whole. */
export function pluginText(text: string): string {
  if (text.includes("export default")) return text;
  return `import { definePlugin } from "sluice/sdk";\nexport default definePlugin({\n${text}\n});\n`;
}
