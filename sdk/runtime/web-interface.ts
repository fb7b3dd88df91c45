/**
 * Gives a class the form of a Web IDL interface: its members are enumerable, and it and its objects have
 * its name, which a bundler may have changed. `iterated` is the method that `for ... of` uses.
 */
export function asWebInterface(type: { prototype: object }, name: string, iterated?: string): void {
  const { prototype } = type;
  for (const key of Object.getOwnPropertyNames(prototype)) {
    if (key !== "constructor") Object.defineProperty(prototype, key, { enumerable: true });
  }
  Object.defineProperty(type, "name", { value: name, configurable: true });
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
  if (iterated === undefined) return;
  const { value } = Object.getOwnPropertyDescriptor(prototype, iterated)!;
  Object.defineProperty(prototype, Symbol.iterator, { value, writable: true, configurable: true });
}

/** @throws TypeError when a method got fewer arguments than it needs (Web IDL, "overload resolution") */
export function needArguments(count: number, needed: number): void {
  if (count < needed) throw new TypeError(`${needed} arguments are needed, only ${count} came`);
}
