import { isUtf8 } from "../shared/charset.ts";
import { type Finding, malformed, unsupported } from "./finding.ts";
import { readJson } from "./read-json.ts";
import type { Validate } from "./schema/validator.ts";

/** A kind of body and what it has to fit; null: anything. */
export interface Media {
  /** Lower-case, with `*` for any: `application/json`, `text/*`. */
  readonly type: string;
  readonly validate: Validate | null;
}

export interface BodyRule {
  readonly required: boolean;
  readonly media: readonly Media[];
}

/** Bytes, or the text that they are. */
export type Content = Uint8Array | string;

interface Fields {
  get(name: string): string | null;
}

/**
 * Checks a body by its type. Only JSON is looked into.
 *
 * @returns null when it fits
 */
export function checkBody(content: Content, headers: Fields, { required, media }: BodyRule): Finding | null {
  if (content.length === 0) return required ? malformed("must have a body") : null;
  const type = knownTypeOf(headers.get("content-type"));
  if (type === null) return unsupported("must have one valid Content-Type, in UTF-8");
  const found = mediaFor(type, media);
  if (!found) return unsupported(`must be of type ${media.map((each) => each.type).join(" or ")}`);
  if (found.validate === null) return null;
  // What is packed cannot be looked into, and unchecked it does not pass.
  const coding = headers.get("content-encoding");
  if (coding !== null && coding.toLowerCase() !== "identity")
    return unsupported("must have no Content-Encoding");
  if (!isJson(type)) return null;
  const read = readJson(content);
  if ("problem" in read) return malformed(read.problem);
  const errors = found.validate(read.value);
  return errors.length === 0 ? null : { status: 422, title: "The body does not fit its schema", errors };
}

/** Whether there is JSON that it says something of. */
export function isLookedInto({ media }: BodyRule): boolean {
  return media.some(
    ({ type, validate }) => validate !== null && (isJson(type) || /^(?:\*|application)\/\*$/.test(type)),
  );
}

export function isJson(type: string): boolean {
  return /^[^/]+\/(?:[^/]+\+)?json$/.test(type) || type === "application/*+json";
}

/** Types that came before, by the values of fields: there are few. */
const knownTypes = new Map<string | null, string | null>();
const mostKnown = 64;
const longestKnown = 128;

function knownTypeOf(value: string | null): string | null {
  const known = knownTypes.get(value);
  if (known !== undefined) return known;
  const type = typeOf(value);
  if (knownTypes.size < mostKnown && (value ?? "").length <= longestKnown) knownTypes.set(value, type);
  return type;
}

/** The essence of a Content-Type (RFC 9110 section 8.3.1); null: it is none, or not in UTF-8. */
function typeOf(value: string | null): string | null {
  const match = /^\s*([\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+)\s*((?:;[^,]*)?)$/.exec(value ?? "");
  if (!match) return null;
  return isUtf8(match[2]!) ? match[1]!.toLowerCase() : null;
}

/** The most exact one wins, as OpenAPI 3.1 says of `content` (section 4.8.14.1). */
function mediaFor(type: string, media: readonly Media[]): Media | undefined {
  const named = (name: string): Media | undefined => media.find((each) => each.type === name);
  return (
    named(type) ??
    (isJson(type) ? named("application/*+json") : undefined) ??
    named(`${type.slice(0, type.indexOf("/"))}/*`) ??
    named("*/*")
  );
}
