/** Signs what goes to the service, so that the service can tell that it came through here and when. */
import { definePlugin } from "sluice/sdk";

/** By config: policies that share this module may differ in their secrets. */
const keys = new WeakMap<object, CryptoKey>();

export default definePlugin({
  description: "Signs requests with HMAC-SHA-256 over time, method and target",
  config: {
    type: "object",
    properties: {
      keyId: { type: "string", default: "sluice" },
    },
    additionalProperties: false,
  },
  capabilities: { env: ["SIGNING_SECRET"] },

  async setup(config, host) {
    const secret = host.env("SIGNING_SECRET");
    if (secret === undefined) throw new Error("SIGNING_SECRET is not set");
    const bytes = new TextEncoder().encode(secret);
    const hmac = { name: "HMAC", hash: "SHA-256" } as const;
    keys.set(config, await crypto.subtle.importKey("raw", bytes, hmac, false, ["sign"]));
  },

  // Here and not in onRequest: a retry is signed anew, and what other policies change is signed, too.
  async onUpstream(attempt, { config }) {
    // What is behind the authority, as it is: new URL() would write some characters in another way.
    const target = attempt.url.replace(/^https?:\/\/[^/*]*/, "");
    const time = Math.floor(Date.now() / 1000);
    const text = new TextEncoder().encode(`${time}\n${attempt.method}\n${target}`);
    const signature = new Uint8Array(await crypto.subtle.sign("HMAC", keys.get(config)!, text));
    const encoded = btoa(String.fromCharCode(...signature));
    attempt.headers.set("x-signature", `keyId=${config.keyId}, time=${time}, signature=${encoded}`);
  },
});
