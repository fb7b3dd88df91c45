/** The text that a signature is over (RFC 9421, section 2.5). */
import type { InnerList } from "../../shared/structured-fields/value.ts";
import { writeInnerList, writeItem } from "../../shared/structured-fields/write.ts";
import { componentValue, type FieldTypes, type SignedRequest } from "./component.ts";

/**
 * Null: the request has not all that is covered, or a value with other than ASCII characters, which only bytes can be.
 *
 * @example
 * signatureBase(covered, request, new Map()); // '"@method": POST\n"@signature-params": ("@method");keyid="k"'
 */
export function signatureBase(covered: InnerList, request: SignedRequest, types: FieldTypes): string | null {
  const lines: string[] = [];
  for (const identifier of covered.items) {
    const value = componentValue(identifier, request, types);
    // A line break in a value would be a line of its own.
    if (value === null || /[^\t\x20-\x7e]/.test(value)) return null;
    lines.push(`${writeItem(identifier)}: ${value}`);
  }
  lines.push(`"@signature-params": ${writeInnerList(covered)}`);
  return lines.join("\n");
}
