/**
 * Plugins of generations that are over. Each ends when what it has begun is done: its `onLog`, and what it gave to
 * `ctx.waitUntil`. Until then it holds its memory, so neither for ever nor in any number.
 */
import type { Plugin } from "./plugin.ts";

/** What a plugin may go on for after its last request, in ms. */
const longest = 30_000;
/** Guests of one plugin that go on. */
const mostOfOne = 4;
/** For `teardown` and its log lines where the proxy ends meanwhile, in ms. */
const lastWords = 250;

interface Leaving {
  readonly name: string;
  readonly cut: AbortController;
  readonly gone: Promise<void>;
}

export class RetiredPlugins {
  private readonly leaving = new Set<Leaving>();

  /** The last request of its generation is over. */
  add(plugin: Plugin): void {
    const { name } = plugin.code;
    const others = [...this.leaving].filter((each) => each.name === name && !each.cut.signal.aborted);
    if (others.length >= mostOfOne)
      others[0]!.cut.abort(`${mostOfOne} newer versions of it have work to do, too`);
    const cut = new AbortController();
    const timer = setTimeout(() => cut.abort(`it took ${longest} ms`), longest).unref();
    const each = { name, cut, gone: plugin.close(cut.signal) };
    this.leaving.add(each);
    void each.gone.finally(() => {
      clearTimeout(timer);
      this.leaving.delete(each);
    });
  }

  /** Resolves when all are gone. The proxy ends: what is not done after `time` ms is dropped. */
  async settle(time: number): Promise<void> {
    if (this.leaving.size === 0) return;
    const ended = Promise.withResolvers<void>();
    const dropping = setTimeout(() => {
      for (const { cut } of this.leaving) cut.abort("the proxy ends");
    }, time);
    const ending = setTimeout(ended.resolve, time + lastWords);
    await Promise.race([Promise.all([...this.leaving].map(({ gone }) => gone)), ended.promise]);
    clearTimeout(dropping);
    clearTimeout(ending);
  }
}
