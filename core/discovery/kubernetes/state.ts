import { asMap, asText, type JsonMap } from "../json-value.ts";
import { mostEndpoints } from "../normalise.ts";
import { SourceProblem } from "../source-problem.ts";
import { nameOf, versionOf, type WatchEvent } from "./events.ts";
import { readSlice, type Slice } from "./slice.ts";

/** Listed endpoints, the unready ones and both families of a pod counted: more than 4096 that are used need. */
const mostListed = 4 * mostEndpoints;

/** The slices of a service, as a list and the changes since tell. */
export class SliceState {
  readonly slices = new Map<string, Slice>();
  #version: string;
  #listed = 0;

  /**
   * @param list an EndpointSliceList
   * @throws SourceProblem when it is none
   */
  constructor(list: unknown) {
    const { items } = asMap(list);
    const version = versionOf(asMap(list));
    if (!Array.isArray(items) || version === null) {
      throw new SourceProblem("malformed", "the answer is no list of EndpointSlices");
    }
    this.#version = version;
    for (const item of items) this.#put(asMap(item));
  }

  /** Where the watch goes on. */
  get version(): string {
    return this.#version;
  }

  /**
   * Takes one change in.
   *
   * @returns whether the changes go on from here: false when the version has expired, and only a new list helps
   * @throws SourceProblem when it is an error
   */
  apply({ type, object }: WatchEvent): boolean {
    if (type === "ERROR") {
      if (isExpired(object)) return false;
      throw new SourceProblem(
        "failed",
        `the watch failed: ${asText(object["message"]) ?? "nothing more is told"}`,
      );
    }
    if (type === "ADDED" || type === "MODIFIED") this.#put(object);
    if (type === "DELETED") this.#remove(nameOf(object));
    this.#version = versionOf(object) ?? this.#version;
    return true;
  }

  #put(object: JsonMap): void {
    const name = nameOf(object);
    if (name === null) throw new SourceProblem("malformed", "an EndpointSlice has no name");
    this.#remove(name);
    const slice = readSlice(object);
    this.slices.set(name, slice);
    // A slice without endpoints takes room, too.
    this.#listed += slice.endpoints.length + 1;
    if (this.#listed > mostListed) {
      throw new SourceProblem("too-large", `the EndpointSlices list more than ${mostListed} endpoints`);
    }
  }

  #remove(name: string | null): void {
    const slice = name === null ? undefined : this.slices.get(name);
    if (slice === undefined) return;
    this.#listed -= slice.endpoints.length + 1;
    this.slices.delete(name!);
  }
}

/** 410 Gone: https://kubernetes.io/docs/reference/using-api/api-concepts/#410-gone-responses */
function isExpired(status: JsonMap): boolean {
  return status["code"] === 410 || status["reason"] === "Expired" || status["reason"] === "Gone";
}
