/** Writes structured fields in their one strict form (RFC 8941, section 4.1). What was parsed can always be written. */
import type { BareItem, InnerList, Item, Member, Parameters } from "./value.ts";

/** @example writeDictionary(parseDictionary("a=1,   b;x")!); // "a=1, b;x" */
export function writeDictionary(members: ReadonlyMap<string, Member>): string {
  return [...members].map(([name, member]) => name + writeNamed(member)).join(", ");
}

export function writeList(members: readonly Member[]): string {
  return members.map(writeMember).join(", ");
}

export function writeMember(member: Member): string {
  return "items" in member ? writeInnerList(member) : writeItem(member);
}

/** @example writeInnerList(list); // '("@method" "@path");created=1618884473' */
export function writeInnerList({ items, parameters }: InnerList): string {
  return `(${items.map(writeItem).join(" ")})${writeParameters(parameters)}`;
}

export function writeItem({ item, parameters }: Item): string {
  return writeBareItem(item) + writeParameters(parameters);
}

/** What is true is left out (section 4.1.2). */
function writeNamed(member: Member): string {
  if (!("items" in member) && isTrue(member.item)) return writeParameters(member.parameters);
  return `=${writeMember(member)}`;
}

function writeParameters(parameters: Parameters): string {
  let text = "";
  for (const [name, value] of parameters) {
    text += isTrue(value) ? `;${name}` : `;${name}=${writeBareItem(value)}`;
  }
  return text;
}

function isTrue({ type, value }: BareItem): boolean {
  return type === "boolean" && value;
}

function writeBareItem({ type, value }: BareItem): string {
  switch (type) {
    case "integer":
      return String(value);
    case "decimal":
      // Section 4.1.5: three digits behind the point at most, and one at least.
      return Number.isInteger(value) ? value.toFixed(1) : String(value);
    case "string":
      return `"${value.replace(/["\\]/g, "\\$&")}"`;
    case "token":
      return value;
    case "bytes":
      return `:${btoa(atob(value.replaceAll("=", "")))}:`;
    case "boolean":
      return value ? "?1" : "?0";
  }
}
