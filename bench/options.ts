import { parseArgs } from "node:util";
import type { Pace } from "./rows/row.ts";

export interface Options {
  /** Row ids, or null for all. */
  readonly rows: readonly string[] | null;
  /** Names of proxies, or null for all. */
  readonly only: readonly string[] | null;
  readonly pace: Pace;
  /** Whether the result may stand in bench/results. */
  readonly save: boolean;
  readonly profile: boolean;
  readonly help: boolean;
}

export const usage = `Usage: node bench/main.ts [options]

  --rows ID,...      only these rows
  --only PROXY,...   only these proxies
  --quick            short rounds and few connections, for a first look
  --rounds N         rounds per row (3)
  --seconds N        timed window of a round (4)
  --profile          profile Sluice's data process under the first of the rows
  --help             this text

Complete rows at full length are saved in bench/results.
`;

const full: Pace = {
  rounds: 3,
  seconds: 4,
  warmUpSeconds: 4,
  idleConnections: 10_000,
  idleRounds: 3,
  startRounds: 10,
  saves: 40,
  restedSaves: 5,
  reloads: 50,
};

const quick: Pace = {
  rounds: 3,
  seconds: 1,
  warmUpSeconds: 2,
  idleConnections: 2000,
  idleRounds: 1,
  startRounds: 3,
  saves: 10,
  restedSaves: 1,
  reloads: 10,
};

/** @throws TypeError for an unknown flag or a bad number */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: "string" },
      only: { type: "string" },
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      seconds: { type: "string" },
      profile: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const pace = values.quick ? quick : full;
  const rounds = positive("rounds", values.rounds, pace.rounds);
  const seconds = positive("seconds", values.seconds, pace.seconds);
  return {
    rows: values.rows?.split(",") ?? null,
    only: values.only?.split(",") ?? null,
    pace: { ...pace, rounds, seconds },
    save: !values.quick && values.only === undefined && rounds >= full.rounds && seconds >= full.seconds,
    profile: values.profile,
    help: values.help,
  };
}

function positive(flag: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  // wrk takes whole seconds only.
  if (!/^[1-9]\d{0,2}$/.test(text))
    throw new TypeError(`Cannot use --${flag} ${text}: expected a whole number`);
  return Number(text);
}
