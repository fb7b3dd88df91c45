/** The plugins of a start cannot be used, and none were kept; the message names every problem, for a terminal. */
export class PluginStartError extends Error {
  override readonly name = "PluginStartError";
}
