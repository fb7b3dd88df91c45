import { DOMException } from "./web/dom-exception.ts";

const native: Readonly<Record<string, new (message: string) => Error>> = {
  Error,
  RangeError,
  SyntaxError,
  TypeError,
};

/** The error that a refused host call throws. */
export function makeHostError(name: string, message: string): Error {
  const Native = Object.hasOwn(native, name) ? native[name] : undefined;
  return Native === undefined ? new DOMException(message, name) : new Native(message);
}
