import type { Socket } from "node:net";
import { plainAddress } from "../../net/client-address.ts";
import { ClientSide } from "../../wire/forward/client-side.ts";
import type { Generation } from "../generation.ts";

/** What forwarding needs to know of a client, under one generation of the config. */
export function clientSide(generation: Generation, socket: Socket, scheme: "http" | "https"): ClientSide {
  const { config, trusted } = generation;
  return new ClientSide({
    address: socket.remoteAddress === undefined ? "unknown" : plainAddress(socket.remoteAddress),
    scheme,
    trusted: trusted.isTrusted(socket.remoteAddress),
    via: config.forwarding.via,
    forwarded: config.forwarding.forwarded,
  });
}
