/** What an endpoint may do to a request, besides answering it. */
import type { Random } from "../support/random.ts";

export const faults = [
  "none",
  "extra-behind",
  "extra-later",
  "late-response",
  "close-before-head",
  "reset-before-head",
  "reset-in-head",
  "close-in-head",
  "reset-in-body",
  "close-in-body",
  "length-too-short",
  "length-too-long",
  "bad-chunk",
  "few-interims",
  "interim-storm",
  "switch-unasked",
  "garbage-before-head",
  "early-response",
  "close-delimited",
  "half-close-after",
  "slow-parts",
] as const;

export type Fault = (typeof faults)[number];

/** Faults that an honest endpoint has too. */
const tame: readonly Fault[] = ["few-interims", "close-delimited", "half-close-after", "slow-parts"];
/** Each of these makes the proxy give up a timeout's worth of time. */
const slow: readonly Fault[] = ["late-response", "length-too-long"];
const wild = faults.filter((fault) => fault !== "none" && !tame.includes(fault) && !slow.includes(fault));

/** Draws a fault, most often none. */
export function drawFault(random: Random, without: readonly Fault[]): Fault {
  const draw = random.next();
  const list: readonly Fault[] = draw < 0.06 ? wild : draw < 0.12 ? tame : draw < 0.125 ? slow : ["none"];
  const fault = random.pick(list);
  return without.includes(fault) ? "none" : fault;
}
