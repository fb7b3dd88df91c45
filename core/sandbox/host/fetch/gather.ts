import type { BodyReader } from "./body-reader.ts";
import type { ByteBudget } from "./budget.ts";
import { partBytes } from "./limits.ts";

const late = Symbol("late");

/**
 * A body that is short and soon complete; null otherwise, and the reader has what was read.
 *
 * @param patience ms
 * @throws the failure of the body
 */
export async function gatherPromptly(reader: BodyReader, patience: number): Promise<Uint8Array | null> {
  const parts: Uint8Array[] = [];
  let length = 0;
  let timer: NodeJS.Timeout | undefined;
  const lateness = new Promise<symbol>((resolve) => {
    timer = setTimeout(resolve, patience, late);
  });
  try {
    while (length <= partBytes) {
      const part = reader.take();
      if (part) length += parts.push(part) && part.byteLength;
      else if (reader.isDone) return Buffer.concat(parts);
      else if ((await Promise.race([reader.changed(), lateness])) === late) break;
    }
  } finally {
    clearTimeout(timer);
  }
  reader.putBack(Buffer.concat(parts));
  return null;
}

/**
 * A body, read to its end.
 *
 * @param next null at the end
 * @throws what `next` throws; HostCallError QuotaExceededError when the budget is used up
 */
export async function gatherAll(
  next: () => Promise<Uint8Array | null>,
  budget: ByteBudget,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for (let part = await next(); part !== null; part = await next()) {
      budget.take(part.byteLength);
      length += part.byteLength;
      parts.push(part);
    }
    return Buffer.concat(parts);
  } finally {
    budget.give(length);
  }
}
