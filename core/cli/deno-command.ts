import type { Config } from "../config/model.ts";

export function denoCommand(_config: Config, _file: string | null, _argv: readonly string[]): string {
  return "";
}
