import type { ClusterCounts } from "../cluster-memory.ts";
import type { GradientLimit } from "./gradient-limit.ts";

export interface PlaceKind {
  /** Whether it is one of the requests in flight that the cluster may have. */
  readonly countsRequest: boolean;
  /** Whether all of the request is here. */
  readonly isWhole: boolean;
}

/**
 * What one attempt takes up at its cluster. A request in flight is one until its attempt is over. The adaptive limit is
 * taken up for the time that it measures, from the whole request to the response head: clients that send or
 * read slowly keep nobody out.
 */
export class Place {
  private readonly counts: ClusterCounts;
  private readonly limit: GradientLimit | null;
  private readonly countsRequest: boolean;
  private begunAt = 0;
  private state: "waiting" | "working" | "done";
  private isLeft = false;

  constructor(counts: ClusterCounts, limit: GradientLimit | null, { countsRequest, isWhole }: PlaceKind) {
    this.counts = counts;
    this.limit = limit;
    this.countsRequest = countsRequest;
    this.state = limit === null ? "done" : isWhole ? "working" : "waiting";
    if (this.state === "working") this.begunAt = performance.now();
    counts.hold();
  }

  /** The last of the request arrived. */
  onWhole(): void {
    if (this.state !== "waiting") return;
    this.state = "working";
    this.begunAt = performance.now();
    this.limit!.onLateStart();
  }

  /** The response head came. */
  answered(): void {
    this.endWork(true);
  }

  /** The attempt is over, however it ended. Doing it twice does nothing. */
  leave(): void {
    if (this.isLeft) return;
    this.isLeft = true;
    this.endWork(false);
    if (this.countsRequest) this.counts.endRequest();
    this.counts.release();
  }

  private endWork(ok: boolean): void {
    if (this.state === "working") this.limit!.onEnd(performance.now() - this.begunAt, ok);
    this.state = "done";
  }
}
