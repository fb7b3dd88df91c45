/** What checks say inside a guest, where there is no test library: ECMAScript alone. */

export interface Check {
  readonly title: string;
  run(): void | Promise<void>;
}

/** Gathers the checks of a file. */
export function suite(): { readonly checks: Check[]; check(title: string, run: Check["run"]): void } {
  const checks: Check[] = [];
  return { checks, check: (title, run) => void checks.push({ title, run }) };
}

export function equal(found: unknown, wanted: unknown, about = ""): void {
  if (!Object.is(found, wanted)) fail(`${about} found ${show(found)}, wanted ${show(wanted)}`);
}

/** The same by their JSON, bytes as lists of numbers. */
export function same(found: unknown, wanted: unknown): void {
  equal(toText(found), toText(wanted));
}

export function ok(condition: unknown, about: string): void {
  if (!condition) fail(about);
}

/** @returns what was thrown, whose name is `name` */
export function throws(name: string, run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return named(name, error);
  }
  return fail(`threw nothing, wanted ${name}`);
}

/** @returns what it was rejected with, whose name is `name` */
export async function rejects(name: string, promise: PromiseLike<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return named(name, error);
  }
  return fail(`rejected with nothing, wanted ${name}`);
}

/** Lets everything run that needs no time. */
export async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn++) await null;
}

function named(name: string, error: unknown): Error {
  equal((error as Error | undefined)?.name, name, String(error));
  return error as Error;
}

function toText(value: unknown): string {
  return JSON.stringify(value, (_key, part) => (part instanceof Uint8Array ? [...part] : part));
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function fail(message: string): never {
  throw new Error(message.trim());
}
