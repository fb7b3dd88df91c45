/** As much of a message's fields as is used. */
export interface Fields {
  get(name: string): string | null;
  has(name: string): boolean;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  delete(name: string): void;
}

/** Adds names to Vary that are not there yet; what varies by everything does already (RFC 9110 section 12.5.5). */
export function addVary(fields: Fields, names: string): void {
  const found = fields.get("vary");
  if (found === null) {
    fields.set("vary", names);
    return;
  }
  const there = found.split(",").map((name) => name.trim().toLowerCase());
  if (there.includes("*")) return;
  const missing = names.split(", ").filter((name) => !there.includes(name.toLowerCase()));
  if (missing.length > 0) fields.append("vary", missing.join(", "));
}
