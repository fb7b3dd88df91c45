import type { Metadata } from "./metadata.ts";
import { type CallProvider, membersOf } from "./provider-call.ts";

/**
 * The claims of the userinfo endpoint (OpenID Connect Core 1.0, section 5.3).
 *
 * @throws Error when there are none, or they are those of another user (section 5.3.2)
 */
export async function askUserinfo(
  { userinfoEndpoint }: Metadata,
  accessToken: string,
  sub: string,
  call: CallProvider,
): Promise<Readonly<Record<string, unknown>>> {
  if (userinfoEndpoint === null) throw new Error("the provider has no userinfo endpoint");
  const { status, text } = await call(userinfoEndpoint, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  if (status !== 200) throw new Error(`the userinfo could not be fetched: status ${status}`);
  const members = membersOf(text);
  if (members["sub"] !== sub) throw new Error("the userinfo is that of another user");
  return members;
}
