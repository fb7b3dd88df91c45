import { type CryptoHost, createCryptoHost } from "../../../core/sandbox/host/crypto/crypto.ts";
import type { CryptoLimits } from "../../../core/sandbox/host/crypto/limits.ts";
import { randomBytes } from "../../../core/sandbox/host/random.ts";
import { bindErrors, bindHost, settle } from "../../../sdk/runtime/host.ts";
import { makeHostError } from "../../../sdk/runtime/host-error.ts";
import { HostOp } from "../../../sdk/runtime/host-op.ts";

type Answer = string | Uint8Array;
type HostCall = Parameters<typeof bindHost>[0];

/** A connected crypto host, and the answers that it gave only later. */
export interface BoundCrypto extends CryptoHost {
  /** Operations, in order, that were not answered at once. */
  readonly late: number[];
  readonly call: HostCall;
}

/** Connects the guest runtime of this process to a crypto host of its own, without an engine between. */
export function bindCryptoHost(limits?: CryptoLimits): BoundCrypto {
  const bound = connect(settle, limits);
  bindErrors(makeHostError);
  bindHost(bound.call);
  return bound;
}

/** @param complete takes the answers that come later */
export function connect(complete: (id: number, answer: Answer) => void, limits?: CryptoLimits): BoundCrypto {
  const host = createCryptoHost(limits);
  const late: number[] = [];
  const call: HostCall = (op, id, text, bytes) => {
    try {
      if (op === HostOp.random) return randomBytes(text);
      const answer = host.handlers.get(op)!(text, bytes);
      if (!(answer instanceof Promise)) return success(answer);
      late.push(op);
      answer.then(success, failure).then((settled) => complete(id, settled));
      return undefined;
    } catch (error) {
      return failure(error);
    }
  };
  return { ...host, late, call };
}

function success(answer: Answer): Answer {
  return typeof answer === "string" ? `=${answer}` : answer;
}

function failure(error: unknown): string {
  const { name, message } = error as Error;
  return `!${name}:${message}`;
}
