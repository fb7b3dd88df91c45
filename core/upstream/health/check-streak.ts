import type { HealthCheckConfig } from "../../config/traffic-model.ts";
import type { CheckState } from "./endpoint-table.ts";

/**
 * What a row of checks says of an endpoint. The first check decides at once, as in HAProxy (`init-state up`) and
 * Envoy; from then on it takes as many in a row as the config says.
 *
 * https://docs.haproxy.org/3.2/configuration.html#5.2-init-state
 */
export class CheckStreak {
  state: CheckState;
  /** Checks in a row that spoke against the state. */
  contrary = 0;
  private readonly config: HealthCheckConfig;

  /** @param state that is known already */
  constructor(config: HealthCheckConfig, state: CheckState) {
    this.config = config;
    this.state = state;
  }

  /** Takes over what somebody else found, such as the checks of the generation before. */
  adopt(state: CheckState): void {
    if (state === this.state) return;
    this.state = state;
    this.contrary = 0;
  }

  /** Counts a check. Returns whether the state changed. */
  record(ok: boolean): boolean {
    const found = ok ? "healthy" : "unhealthy";
    if (found === this.state) {
      this.contrary = 0;
      return false;
    }
    this.contrary++;
    const needed = ok ? this.config.healthyAfter : this.config.unhealthyAfter;
    if (this.state !== "unknown" && this.contrary < needed) return false;
    this.state = found;
    this.contrary = 0;
    return true;
  }

  /**
   * ms until the next check: fewer for an endpoint that is unhealthy or in doubt.
   *
   * @param random in [0, 1)
   */
  pause(random: number): number {
    const { interval, unhealthyInterval, jitter } = this.config;
    const isSure = this.state === "healthy" && this.contrary === 0;
    return Math.round((isSure ? interval : unhealthyInterval) * (1 + jitter * (2 * random - 1)));
  }
}
