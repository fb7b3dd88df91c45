import type { BuildFailure, BuildOptions, BuildResult } from "esbuild";

/** What every bundle of this project has in common. */
export type BundleOptions = BuildOptions & { readonly metafile: true; readonly write: false };
export type Bundle = BuildResult<BundleOptions>;

/**
 * esbuild's service holds about 35 MB and starts in 6 to 18 ms (measured; a warm build takes 1 to 3):
 * between two saves it is not kept, ms.
 */
const idleTime = 5_000;
/** A cancelled build gets this long to notice, ms. */
const cancelTime = 1_000;

/** A build that took too long. */
export class BundleTimeout extends Error {
  override readonly name = "BundleTimeout";
}

/** esbuild's process ended, or could not be started, twice in a row. */
export class BundlerLost extends Error {
  override readonly name = "BundlerLost";
}

let queue: Promise<unknown> = Promise.resolve();
let waiting = 0;
let idle: NodeJS.Timeout | undefined;

/**
 * Runs one build with esbuild, after those asked for earlier.
 *
 * @param time limit of this build, ms
 * @throws BundleTimeout, BundlerLost, or esbuild's BuildFailure
 */
export function bundle(options: BundleOptions, time: number): Promise<Bundle> {
  clearTimeout(idle);
  waiting++;
  const turn = queue.then(() => buildAnyhow(options, time));
  queue = turn.then(finished, finished);
  return turn;
}

/** Ends esbuild's service at once; the next build starts it again. */
export async function stopBundler(): Promise<void> {
  clearTimeout(idle);
  const { stop } = await import("esbuild");
  await stop();
}

function finished(): void {
  if (--waiting > 0) return;
  idle = setTimeout(() => void stopBundler(), idleTime);
  idle.unref();
}

/** What ended esbuild may have had nothing to do with this build, and have happened long before it. */
async function buildAnyhow(options: BundleOptions, time: number): Promise<Bundle> {
  try {
    return await buildInTime(options, time);
  } catch (error) {
    if (!isLoss(error)) throw error;
    await stopBundler();
  }
  try {
    return await buildInTime(options, time);
  } catch (error) {
    if (!isLoss(error)) throw error;
    await stopBundler();
    throw new BundlerLost(lossOf((error as Error).message));
  }
}

/** esbuild calls its process a service; where it tells of something else, there was none. */
function lossOf(message: string): string {
  const reason = message.replace(/^The service .*: (?=spawn )/, "");
  return reason.startsWith("The service ")
    ? `compiling it ended esbuild twice, is memory short? (${reason})`
    : `cannot start esbuild: ${reason.replaceAll(/\s+/g, " ")}`;
}

/** esbuild tells it as a plain error, and of every later build, too, until it is stopped. */
function isLoss(error: unknown): boolean {
  return !(error instanceof BundleTimeout) && (error as Partial<BuildFailure>).errors === undefined;
}

async function buildInTime(options: BundleOptions, time: number): Promise<Bundle> {
  const { context } = await import("esbuild");
  const build = await context(options);
  const result = build.rebuild();
  const ended = result.then(
    () => true as const,
    () => true as const,
  );
  if (await within(time, ended)) {
    await build.dispose();
    return result;
  }
  // Waits for esbuild only where that ends: a build that reads from a pipe does not notice that it is
  // cancelled, and when the service is stopped, what it was asked for is never answered.
  void build.cancel();
  if (await within(cancelTime, ended)) await build.dispose();
  else await stopBundler();
  throw new BundleTimeout(`no end after ${time} ms`);
}

/** @returns false when the time was over first; ms */
async function within(time: number, event: Promise<true>): Promise<boolean> {
  const over = Promise.withResolvers<false>();
  const timer = setTimeout(() => over.resolve(false), time);
  const result = await Promise.race([event, over.promise]);
  clearTimeout(timer);
  return result;
}
