/** Keys in a text: one in a line. */
import type { KeyEntry } from "./config.ts";

/**
 * @throws Error that names the line and never what is in it: it may be a key
 *
 * @example
 * readKeyList("sha256:9f86... billing scopes=orders:read,orders:write");
 */
export function readKeyList(text: string): KeyEntry[] {
  return text.split("\n").flatMap((line, index) => {
    const words = line.trim().split(/\s+/);
    return words[0] === "" || words[0]!.startsWith("#") ? [] : [readLine(words, index + 1)];
  });
}

function readLine([key, subject, ...facts]: readonly string[], line: number): KeyEntry {
  if (subject === undefined || subject.includes("=")) throw new Error(`list: line ${line} names no subject`);
  const entry = {
    key: key!,
    subject,
    scopes: [] as string[],
    groups: [] as string[],
    claims: {},
    expires: "",
    disabled: false,
  };
  for (const fact of facts) {
    const [name, value = ""] = fact.split("=", 2);
    if (name === "scopes" || name === "groups") entry[name] = value.split(",").filter((item) => item !== "");
    else if (name === "expires") entry.expires = value;
    else throw new Error(`list: line ${line} has something else than scopes=, groups= and expires=`);
  }
  return entry;
}
