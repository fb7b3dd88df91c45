import { checkSettable } from "../proxy-fields.ts";
import type { OidcConfig } from "./config.ts";

/** Of the request for a login: what the strategy itself says, and what would let somebody else say it. */
const ownParameters = [
  "response_type",
  "response_mode",
  "client_id",
  "client_secret",
  "redirect_uri",
  "scope",
  "state",
  "nonce",
  "code_challenge",
  "code_challenge_method",
  "request",
  "request_uri",
];

/** What a schema cannot say. @throws Error that names the setting */
export function checkSettings({ parameters, callbackPath, loginPath, logout, forward }: OidcConfig): void {
  const taken = ownParameters.find((name) => Object.hasOwn(parameters, name));
  if (taken !== undefined) throw new Error(`parameters/${taken} is not for a config to set`);
  if (!/^\d+$/.test(parameters["max_age"] ?? "0")) throw new Error("parameters/max_age is no number");
  const paths = [callbackPath, loginPath, logout.path, logout.backChannelPath].filter((path) => path !== "");
  if (new Set(paths).size < paths.length)
    throw new Error("callbackPath, loginPath and the paths of logout are not different");
  if (forward !== "") checkSettable([forward], "forward");
  if (forward.toLowerCase() === "cookie") throw new Error("forward is the field of the cookies");
}
