/** Keys and indexes from the top of a value to a part of it. */
export type Path = readonly (string | number)[];

type Container = Record<string | number, unknown>;

/** The part at a path, or undefined. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) {
    const inside = typeof value === "object" && value !== null && Object.hasOwn(value, key);
    value = inside ? (value as Container)[key] : undefined;
  }
  return value;
}

/** Replaces the part at a path that exists. */
export function setValueAt(root: unknown, path: Path, value: unknown): void {
  const container = valueAt(root, path.slice(0, -1)) as Container;
  Object.defineProperty(container, path.at(-1)!, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/** Removes the part at a path; in a list it leaves a hole, so that the other entries keep their index. */
export function removeAt(root: unknown, path: Path): void {
  const container = valueAt(root, path.slice(0, -1)) as Container | undefined;
  if (container !== undefined) delete container[path.at(-1)!];
}

/** A JSON Pointer (RFC 6901) as keys. */
export function pathOfPointer(pointer: string): string[] {
  const tokens = pointer.split("/").slice(1);
  return tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}
