import { LineCounter } from "yaml";
import { parseHost, parsePort } from "../config/address.ts";
import { type Bounds, weightBounds } from "../config/bounds.ts";
import { parseEndpoint } from "../config/endpoint.ts";
import { ConfigError, type ConfigProblem } from "../config/problem.ts";
import { describeFound } from "../config/source/found.ts";
import type { Path } from "../config/source/value-path.ts";
import { keyNodeAt, nodeAt, parseYaml } from "../config/source/yaml-text.ts";
import type { DiscoveredEndpoint } from "../config/traffic-model.ts";
import { canonicalHost, lowestPriority, mostEndpoints } from "./normalise.ts";

/** In UTF-16 code units: four times what 4096 endpoints take with everything that can be said of them. */
const longestText = 2 * 1024 * 1024;
/** Values that aliases may stand for, all together. */
const mostAliases = 1000;
/** Problems that are kept: the operator corrects the first of them first. */
const mostProblems = 20;

const keys = ["url", "host", "port", "weight", "zone", "priority"];
const entryExpected = '"host:port", { url } or { host, port }, with weight, zone and priority if need be';

/**
 * Reads a list of endpoints in YAML or JSON: texts `host:port`, or maps of `url`, or `host` and `port`, with `weight`,
 * `zone` and `priority`.
 *
 * @param file its name in problems
 * @param secure whether a `url` has to be one of https, or of http
 * @throws ConfigError with the places of all that is wrong
 * @example
 * parseEndpointList("endpoints.yaml", "- 10.0.0.1:80\n- { host: b.internal, port: 80, weight: 2 }", false);
 */
export function parseEndpointList(file: string, text: string, secure: boolean): DiscoveredEndpoint[] {
  return new EndpointList(file, text, secure).read();
}

class EndpointList {
  readonly #file: string;
  readonly #text: string;
  readonly #secure: boolean;
  readonly #lines = new LineCounter();
  readonly #problems: ConfigProblem[] = [];
  #document: ReturnType<typeof parseYaml>["document"] | null = null;

  constructor(file: string, text: string, secure: boolean) {
    this.#file = file;
    this.#text = text;
    this.#secure = secure;
  }

  read(): DiscoveredEndpoint[] {
    const value = this.#parse();
    // An empty file is one that is being written; an empty list is meant.
    if (this.#problems.length === 0 && !Array.isArray(value)) this.#expect([], "a list of endpoints", value);
    const entries = this.#problems.length === 0 ? (value as unknown[]) : [];
    if (entries.length > mostEndpoints) {
      this.#report([mostEndpoints], `expected at most ${mostEndpoints} endpoints, found ${entries.length}`);
    }
    const found = entries.slice(0, mostEndpoints).map((entry, index) => this.#entry(entry, index));
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
    return found.filter((endpoint) => endpoint !== null);
  }

  #parse(): unknown {
    if (this.#text.length > longestText) {
      this.#add(0, `expected at most ${longestText} characters, found ${this.#text.length}`);
      return null;
    }
    const { document, faults } = parseYaml(this.#text, this.#lines);
    this.#document = document;
    for (const { offset, message } of faults) this.#add(offset, message);
    if (faults.length > 0) return null;
    try {
      return document.toJS({ maxAliasCount: mostAliases });
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error;
      this.#add(0, `expected aliases that stand for at most ${mostAliases} values, found others`);
      return null;
    }
  }

  #entry(entry: unknown, index: number): DiscoveredEndpoint | null {
    if (typeof entry === "string") return this.#fromText(entry, index);
    if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
      this.#expect([index], entryExpected, entry);
      return null;
    }
    const map = entry as Readonly<Record<string, unknown>>;
    const before = this.#problems.length;
    for (const key of Object.keys(map)) {
      if (!keys.includes(key))
        this.#reportKey(
          [index, key],
          `unknown key ${describeFound(key)}, expected one of ${keys.join(", ")}`,
        );
    }
    const address = map["url"] === undefined ? this.#fromParts(map, index) : this.#fromUrl(map, index);
    const share = {
      weight: this.#number(map, index, "weight", weightBounds, 1),
      zone: this.#zone(map["zone"], index),
      priority: this.#number(map, index, "priority", { min: 0, max: lowestPriority }, 0),
    };
    return this.#problems.length > before || address === null ? null : { ...address, ...share };
  }

  #fromText(text: string, index: number): DiscoveredEndpoint | null {
    const colon = text.lastIndexOf(":");
    const host = colon === -1 ? null : parseHost(text.slice(0, colon));
    const port = colon === -1 ? null : parsePort(text.slice(colon + 1));
    if (host !== null && port !== null && port !== 0)
      return { host, port, weight: 1, zone: null, priority: 0 };
    this.#expect([index], 'an endpoint such as "10.0.0.1:80", "[fd00::1]:80" or "api.internal:80"', text);
    return null;
  }

  #fromUrl(map: Readonly<Record<string, unknown>>, index: number) {
    for (const key of ["host", "port"]) {
      if (map[key] !== undefined)
        this.#reportKey([index, key], `expected either "url" or "host" and "port", found both`);
    }
    const scheme = this.#secure ? "https" : "http";
    const endpoint = typeof map["url"] === "string" ? parseEndpoint(map["url"]) : null;
    if (endpoint !== null && endpoint.secure === this.#secure && "host" in endpoint.address)
      return endpoint.address;
    this.#expect(
      [index, "url"],
      `an endpoint such as "${scheme}://10.0.0.1:80", as the cluster speaks ${scheme}`,
      map["url"],
    );
    return null;
  }

  #fromParts(map: Readonly<Record<string, unknown>>, index: number) {
    const { host, port } = map;
    if (host === undefined || port === undefined) {
      this.#report([index], `expected ${entryExpected}, found no "${host === undefined ? "host" : "port"}"`);
      return null;
    }
    const canonical = typeof host === "string" ? canonicalHost(host) : null;
    if (canonical === null) this.#expect([index, "host"], "a host name or an address", host);
    const checked = this.#number(map, index, "port", { min: 1, max: 65_535 }, 0);
    return canonical === null ? null : { host: canonical, port: checked };
  }

  #number(
    map: Readonly<Record<string, unknown>>,
    index: number,
    key: string,
    { min, max }: Bounds,
    absent: number,
  ): number {
    const value = map[key];
    if (value === undefined) return absent;
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
    this.#expect([index, key], `a whole number from ${min} to ${max}`, value);
    return absent;
  }

  #zone(value: unknown, index: number): string | null {
    if (value === undefined || value === null) return null;
    if (typeof value === "string" && value !== "" && value.length <= 253) return value;
    this.#expect([index, "zone"], "the name of a zone", value);
    return null;
  }

  #expect(path: Path, expected: string, found: unknown): void {
    this.#report(path, `expected ${expected}, found ${describeFound(found)}`);
  }

  #report(path: Path, message: string): void {
    const node =
      this.#document && (nodeAt(this.#document, path) ?? nodeAt(this.#document, path.slice(0, -1)));
    this.#add(node?.range?.[0] ?? 0, message);
  }

  #reportKey(path: Path, message: string): void {
    this.#add((this.#document && keyNodeAt(this.#document, path)?.range?.[0]) ?? 0, message);
  }

  #add(offset: number, message: string): void {
    if (this.#problems.length >= mostProblems) return;
    const { line, col } = this.#lines.linePos(offset);
    const place = { line: Math.max(1, line), column: Math.max(1, col) };
    this.#problems.push({ file: this.#file, ...place, message, kind: "invalid" });
  }
}
