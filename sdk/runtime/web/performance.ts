import { callText } from "../host.ts";
import { HostOp } from "../host-op.ts";
import { asWebInterface } from "../web-interface.ts";

let origin: number | null = null;

export function now(): number {
  return Number(callText(HostOp.now, ""));
}

/** The clock of the guest: it never goes back (High Resolution Time). */
export class Performance {
  declare readonly [Symbol.toStringTag]: string;
  /** Milliseconds since the guest began. */
  now(): number {
    return now();
  }

  /** The time at which the guest began, in ms since 1970. */
  get timeOrigin(): number {
    origin ??= Date.now() - this.now();
    return origin;
  }

  toJSON(): { timeOrigin: number } {
    return { timeOrigin: this.timeOrigin };
  }
}

asWebInterface(Performance, "Performance");

export const performance = new Performance();
