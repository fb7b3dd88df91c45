import { callText } from "./host.ts";
import { HostOp } from "./host-op.ts";

/** A path in which nothing is to be resolved or refused, and any query: the host need not be asked. */
const plain = /^\/[!$&-;=@-Z[\]^-~]*(?:\?[!$-;=?-Z[\]^-~]*)?$/;

/**
 * What the URL of a message is when `text` is assigned to it, as the proxy reads it.
 *
 * @param original URL of the message as it came
 * @throws TypeError for what is neither an absolute URL nor one that begins with `/`
 */
export function resolvedUrl(text: string, original: string): string {
  const authorityAt = original.indexOf("//") + 2;
  const origin = /^[^/*]*/.exec(original.slice(authorityAt))![0];
  if (plain.test(text) && !text.includes("/.")) return original.slice(0, authorityAt) + origin + text;
  const [authority, target = ""] = callText(HostOp.readTarget, text).split(" ");
  return original.slice(0, authorityAt) + (authority === "" ? origin : authority) + target;
}
