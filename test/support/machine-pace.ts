import { spawnSync } from "node:child_process";

/** Within which a bare Node starts on a machine that limits on restarts are meant for, in ms. */
const mostStart = 50;

/** Why no restart can be held to its limit here and now; false: it can. */
export function tooSlowToRestart(): string | false {
  const starts = Array.from({ length: 7 }, () => {
    const began = performance.now();
    spawnSync(process.execPath, ["-e", "0"]);
    return performance.now() - began;
  });
  const median = starts.sort((a, b) => a - b)[3]!;
  return (
    median > mostStart && `a bare Node takes ${Math.round(median)} ms to start here, more than ${mostStart}`
  );
}
