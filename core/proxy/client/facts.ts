/** What policies are told of a client: the one before the proxies that the operator trusts. */
import { clientBehind } from "../../net/client-address.ts";
import { Kind } from "../../wire/field-kind.ts";
import type { ClientSide } from "../../wire/forward/client-side.ts";
import type { RequestHead } from "../../wire/request-head.ts";
import type { Generation } from "../generation.ts";

export function clientAddress(head: RequestHead, side: ClientSide, { trusted }: Generation): string {
  return side.trusted
    ? clientBehind(side.address, head.markedAll(Kind.xForwardedFor), trusted)
    : side.address;
}

/** The scheme that the client used: a trusted proxy may have ended its TLS. */
export function clientScheme(head: RequestHead, side: ClientSide): "http" | "https" {
  const told = side.trusted ? head.markedAll(Kind.xForwardedProto)?.toLowerCase() : undefined;
  return told === "http" || told === "https" ? told : side.scheme;
}
