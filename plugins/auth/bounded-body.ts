/**
 * The body of a response, if it has at most so many bytes; null: it has more, and the rest is not read.
 *
 * @example
 * await boundedBody(response, 16_384);
 */
export async function boundedBody(response: Response, most: number): Promise<Uint8Array<ArrayBuffer> | null> {
  const reader = response.body?.getReader();
  if (reader === undefined) return new Uint8Array(0);
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    const part = step.value as Uint8Array;
    length += part.length;
    if (length > most) {
      await reader.cancel();
      return null;
    }
    parts.push(part);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
