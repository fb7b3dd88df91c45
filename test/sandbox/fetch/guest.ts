import { setTimeout as sleep } from "node:timers/promises";
import type { FetchHost } from "../../../core/sandbox/host/fetch/fetch.ts";
import { urlParse, urlSet } from "../../../core/sandbox/host/url.ts";
import { utf8Decode, utf8Encode } from "../../../core/sandbox/host/utf8.ts";
import { bindErrors, bindHost, settle } from "../../../sdk/runtime/host.ts";
import { makeHostError } from "../../../sdk/runtime/host-error.ts";
import { HostOp } from "../../../sdk/runtime/host-op.ts";

type Result = string | Uint8Array;

/** What a guest asked of its host, by the operation that is under way. */
export interface Traffic {
  /** Operations that the host has not answered. */
  readonly pending: Set<number>;
  readonly cancelled: number[];
}

/** Connects the guest runtime of this process to a real host's side of fetch, without an engine between. */
export function bindFetchHost(host: FetchHost): Traffic {
  const traffic: Traffic = { pending: new Set(), cancelled: [] };
  const now: Readonly<Record<number, (text: string, bytes: Uint8Array | undefined) => Result>> = {
    [HostOp.urlParse]: urlParse,
    [HostOp.urlSet]: urlSet,
    [HostOp.utf8Encode]: utf8Encode,
    [HostOp.utf8Decode]: utf8Decode,
    [HostOp.now]: () => String(performance.now()),
  };
  const later: Readonly<
    Record<number, (text: string, bytes: Uint8Array | undefined, id: number) => Promise<Result>>
  > = {
    [HostOp.timer]: (text) => sleep(Number(text), ""),
    [HostOp.fetch]: (...call) => host.fetch(...call),
    [HostOp.fetchRead]: (...call) => host.fetchRead(...call),
    [HostOp.fetchWrite]: (...call) => host.fetchWrite(...call),
  };
  bindErrors(makeHostError);
  bindHost((op, id, text, bytes) => {
    if (op === HostOp.cancel) {
      traffic.cancelled.push(id);
      host.cancel(id);
      return "=";
    }
    try {
      const atOnce = now[op];
      if (atOnce) return success(atOnce(text, bytes));
      traffic.pending.add(id);
      answerLater(id, later[op]!(text, bytes, id));
      return undefined;
    } catch (error) {
      return failure(error as Error);
    }
  });
  return traffic;

  function answerLater(id: number, result: Promise<Result>): void {
    result.then(success, failure).then((answer) => {
      traffic.pending.delete(id);
      settle(id, answer);
    });
  }
}

function success(result: Result): Result {
  return typeof result === "string" ? `=${result}` : result;
}

function failure({ name, message }: Error): string {
  return `!${name}:${message}`;
}
