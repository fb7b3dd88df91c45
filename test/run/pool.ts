/**
 * Runs `work` on every item, at most `width` at once, and hands on each result in the order of the
 * items as soon as it and those before it are there.
 */
export async function* runPool<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const results = items.map(() => Promise.withResolvers<Result>());
  const queue = items.entries();
  const drainQueue = async () => {
    for (const [index, item] of queue) {
      const result = work(item);
      results[index]?.resolve(result);
      // A rejection is for the reader of the results; the next item has its turn all the same.
      await result.catch(() => {});
    }
  };
  for (let worker = 0; worker < width; worker++) void drainQueue();
  for (const { promise } of results) yield promise;
}
