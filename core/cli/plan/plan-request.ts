import type { OptionValues } from "../override-values.ts";
import { UsageError } from "../usage-error.ts";

/** What `sluice plan` is asked. */
export interface PlanRequest {
  /** Absolute, or a path that begins with `/`; null: every route. */
  readonly url: string | null;
  readonly method: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly json: boolean;
  /** Print the command that runs this configuration on Deno with the least permissions. */
  readonly deno: boolean;
}

/** @throws UsageError */
export function readPlanRequest(url: string | null, values: OptionValues): PlanRequest {
  return {
    url,
    method: values.method ?? "GET",
    headers: new Map((values.header ?? []).map(readHeader)),
    json: values.json ?? false,
    deno: values.deno ?? false,
  };
}

function readHeader(text: string): [name: string, value: string] {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(text) ?? [];
  if (name === undefined) throw new UsageError(`Cannot use --header: expected NAME:VALUE, found "${text}"`);
  return [name.toLowerCase(), value!];
}
