import { readFile } from "node:fs/promises";
import { ConfigSource } from "../config/source/source.ts";
import type { Path } from "../config/source/value-path.ts";
import { frameAt } from "../observe/code-frame.ts";
import type { PluginProblem } from "../reload/problem.ts";

/** Where things stand in the config file. */
export class ConfigPlaces {
  private readonly source: ConfigSource | null;
  private readonly text: string;

  private constructor(source: ConfigSource | null, text: string) {
    this.source = source;
    this.text = text;
  }

  static async of(file: string | null): Promise<ConfigPlaces> {
    if (file === null) return new ConfigPlaces(null, "");
    const text = await readFile(file, "utf8");
    return new ConfigPlaces(new ConfigSource(file, text, {}), text);
  }

  /**
   * @param paths the first one that the file holds is the place
   * @param otherwise the file that is named when it holds none
   */
  problem(paths: readonly Path[], message: string, otherwise: string): PluginProblem {
    const file = this.source?.file ?? otherwise;
    return this.problemAt(paths, message) ?? { file, line: 1, column: 1, message, frame: "" };
  }

  /** Null: the file holds none of the paths. */
  problemAt(paths: readonly Path[], message: string): PluginProblem | null {
    for (const path of paths) {
      const place = this.source?.placeOf(path) ?? null;
      if (place === null) continue;
      return {
        file: this.source!.file,
        ...place,
        message,
        frame: frameAt(this.text, place.line, place.column),
      };
    }
    return null;
  }
}
