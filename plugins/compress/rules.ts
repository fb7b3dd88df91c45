import type { Coding } from "./accept-encoding.ts";
import { type MediaTypes, mediaTypes } from "./media-types.ts";

export interface Rules {
  readonly offered: readonly Coding[];
  readonly levels: Readonly<Record<Coding, number>>;
  /** Bytes. */
  readonly minSize: number;
  readonly types: MediaTypes;
  readonly streams: MediaTypes;
  readonly skipsSecrets: boolean;
  readonly asksForIdentity: boolean;
}

interface Config {
  readonly encodings: readonly Coding[];
  readonly levels: Readonly<Record<Coding, number>>;
  readonly minSize: number;
  readonly contentTypes?: readonly string[] | undefined;
  readonly streamTypes?: readonly string[] | undefined;
  readonly secrets: "compress" | "skip";
  readonly upstream: "pass" | "identity";
}

/** What becomes much shorter; images, videos and archives are short already. */
const usualTypes = [
  "text/*",
  "*+json",
  "*+xml",
  "*+text",
  "application/json",
  "application/x-ndjson",
  "application/json-seq",
  "application/javascript",
  "application/x-javascript",
  "application/xml",
  "application/wasm",
  "application/graphql",
  "application/yaml",
  "application/vnd.ms-fontobject",
  "font/otf",
  "font/ttf",
  "image/bmp",
  "image/x-icon",
  "image/vnd.microsoft.icon",
];

/** Somebody waits for each part of these. */
const usualStreams = [
  "text/event-stream",
  "application/x-ndjson",
  "application/json-seq",
  "multipart/x-mixed-replace",
];

export function rulesOf(config: Config): Rules {
  return {
    offered: config.encodings,
    levels: config.levels,
    minSize: config.minSize,
    types: mediaTypes(config.contentTypes ?? usualTypes),
    streams: mediaTypes(config.streamTypes ?? usualStreams),
    skipsSecrets: config.secrets === "skip",
    asksForIdentity: config.upstream === "identity",
  };
}
