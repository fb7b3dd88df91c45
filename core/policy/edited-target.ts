/** The URL that a policy puts in the place of a request's. */
import { toProxyError } from "../errors.ts";
import { parseAuthority, parseTarget, type Target } from "../wire/target.ts";
import { editedText } from "./edit-values.ts";
import { MalformedOutcome } from "./malformed-outcome.ts";

/**
 * The URL standard would read some texts in another way than the matching of routes does [GHSA-6jwx].
 *
 * @throws MalformedOutcome for what is neither absolute nor a path
 */
export function editedTarget(text: unknown): Target {
  const parts = /^(?:https?:\/\/([^/?#]*))?(\/[^#]*)?(?:#.*)?$/i.exec(editedText(text, "URL"));
  if (parts === null || (parts[1] === undefined && parts[2] === undefined))
    throw new MalformedOutcome("Cannot change the URL: it is neither absolute nor a path");
  const [, authority, target = "/"] = parts;
  try {
    const { path, query } = parseTarget("GET", target);
    return {
      path,
      query,
      authority: authority === undefined ? null : parseAuthority(authority, "target_malformed"),
    };
  } catch (error) {
    throw new MalformedOutcome(`Cannot change the URL: ${toProxyError(error, "read it").message}`);
  }
}
