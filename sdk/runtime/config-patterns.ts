/**
 * Matches the patterns of a config schema where a slow one burns the plugin's own time.
 *
 * @param asked patterns, each with texts; see core/policy/config-patterns.ts
 * @returns for each pattern a text: `1` for each of its texts that matches, `0` for any other
 * @throws SyntaxError for a pattern that is none
 */
export function matchPatterns(asked: readonly (readonly [string, readonly string[]])[]): string[] {
  return asked.map(([pattern, texts]) => {
    const expression = new RegExp(pattern, "u");
    return texts.map((text) => (expression.test(text) ? "1" : "0")).join("");
  });
}
