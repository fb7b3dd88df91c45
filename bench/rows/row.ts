import type { Generator, Load } from "../load/load.ts";
import type { Certificate, ProxyServer } from "../proxies/proxy.ts";
import type { Metric, Sample } from "./metric.ts";

export interface Contestant {
  readonly name: string;
  readonly proxy: ProxyServer;
  readonly routes: number;
}

export interface Row {
  readonly id: string;
  readonly title: string;
  /** In the order of the table's columns; the first one is drawn. */
  readonly metrics: readonly Metric[];
  readonly contestants: readonly Contestant[];
  readonly tls: boolean;
  /** What is asked of a contestant. */
  readonly load: (contestant: Contestant) => Load;
  /** How it is measured. */
  readonly measure: Measure;
}

/** Measures the contestants of a row in alternating rounds: one list of samples for each. */
export type Measure = (row: Row, contestants: readonly Contestant[], bench: Bench) => Promise<Trials>;

/** Without the contestants that failed. */
export type Trials = Map<Contestant, Sample[]>;

/** What all rows of a run share. */
export interface Bench {
  readonly directory: string;
  readonly upstreamPort: number;
  readonly certificate: Certificate;
  readonly generator: Generator;
  readonly pace: Pace;
  /** A line of progress. */
  readonly say: (line: string) => void;
  /** Reports something that went wrong and lets the run go on; it will not end with success. */
  readonly failed: (what: string, error: unknown) => void;
}

export interface Pace {
  readonly rounds: number;
  /** Timed window of one round. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly idleConnections: number;
  /** Rounds of the rows that start every proxy anew and hold connections. */
  readonly idleRounds: number;
  readonly startRounds: number;
  /** Saves of a plugin, one soon after the other. */
  readonly saves: number;
  /** Saves with a rest before each. */
  readonly restedSaves: number;
  /** Saves of a plugin under load. */
  readonly reloads: number;
}

export interface RowResult {
  readonly id: string;
  readonly title: string;
  readonly metrics: readonly Metric[];
  /** ISO 8601. */
  readonly measuredAt: string;
  readonly results: readonly ContestantResult[];
}

export interface ContestantResult {
  readonly name: string;
  readonly summary: Sample;
  /** Of the first metric; see `spread` in statistics.ts. */
  readonly spread: number;
  readonly samples: readonly Sample[];
}
