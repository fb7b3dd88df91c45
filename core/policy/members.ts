/** Which members a plugin has: one that is not called by anybody guards nothing. */
import { functionNames, phaseNames } from "../../sdk/runtime/message.ts";
import { didYouMean } from "../config/suggest.ts";

const known: readonly string[] = [
  "name",
  "description",
  "config",
  "capabilities",
  "limits",
  "onFailure",
  ...functionNames,
];
/** One of them is what a plugin is there for. */
const purposes = [...phaseNames, "discover", "setup"];

/**
 * @param members what `typeof` says of each, by name
 * @throws Error for an unknown one, for a handler that cannot be called, and when there is nothing to call
 */
export function checkMembers(members: object): void {
  const types = new Map<string, unknown>(Object.entries(members));
  for (const name of types.keys()) {
    if (!known.includes(name)) throw unknownMember(name);
  }
  for (const name of functionNames) {
    const type = types.get(name) ?? "undefined";
    if (type !== "function" && type !== "undefined")
      throw new Error(`Cannot use ${name}: expected a function, found ${shown(type)}`);
  }
  if (purposes.every((name) => types.get(name) !== "function"))
    throw new Error(
      "Cannot use the plugin: expected a phase such as onRequest(request, ctx), a discover or a setup, found none",
    );
}

function unknownMember(name: string): Error {
  const reason =
    name === "fetch"
      ? "a plugin answers requests in onRequest(request, ctx)"
      : `a plugin has no such member${didYouMean(name, known)}`;
  return new Error(`Cannot use ${shown(name)}: ${reason}; it may have ${known.join(", ")}`);
}

function shown(text: unknown): string {
  const short = String(text).slice(0, 64);
  return /^[\w$]+$/.test(short) ? short : JSON.stringify(short);
}
