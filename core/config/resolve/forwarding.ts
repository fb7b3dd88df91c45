import { isIP } from "node:net";
import { defaultForwarding } from "../defaults.ts";
import type { ForwardingConfig } from "../model.ts";
import { isToken } from "../names.ts";
import type { ConfigFile } from "../schema/schema.ts";
import type { ConfigSource } from "../source/source.ts";
import { defaultVia } from "../via.ts";

/** What the file says about forwarding; what is wrong with it is reported to the source. */
export function resolveForwarding(file: ConfigFile, source: ConfigSource): ForwardingConfig {
  const { via, forwarded } = file;
  const trustedProxies = file.trustedProxies ?? defaultForwarding.trustedProxies;
  trustedProxies.forEach((block, index) => {
    if (!isAddressBlock(block)) {
      source.expect(["trustedProxies", index], "an address or block such as 10.0.0.0/8 or fd00::/8", block);
    }
  });
  const upgrades = file.upgrades ?? defaultForwarding.upgrades;
  upgrades.forEach((protocol, index) => {
    if (!isToken(protocol)) source.expect(["upgrades", index], "a protocol such as websocket", protocol);
  });
  // A pseudonym is a token (RFC 9110 section 7.6.3).
  if (via !== undefined && !isToken(via)) source.expect(["via"], "a name of letters, digits, - and .", via);
  return {
    trustedProxies: [...trustedProxies],
    via: via ?? defaultVia,
    forwarded: forwarded ?? defaultForwarding.forwarded,
    upgrades: upgrades.map((protocol) => protocol.toLowerCase()),
  };
}

function isAddressBlock(text: string): boolean {
  const [address, length, surplus] = text.split("/");
  const family = isIP(address!);
  if (family === 0 || address!.includes("%") || surplus !== undefined) return false;
  return length === undefined || (/^[0-9]{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128));
}
