/**
 * The web's classes as the program at hand knows them: those of guest.d.ts in a plugin, those of Node or
 * Deno in its test. So values of the SDK fit wherever the program asks for a `Headers` or a `Response`,
 * and the SDK's types need neither.
 */
type Known<Name extends string, Otherwise> = typeof globalThis extends {
  readonly [_ in Name]: { readonly prototype: infer Instance };
}
  ? Instance
  : Otherwise;

export type WebHeaders = Known<"Headers", FieldMap>;
export type WebResponse = Known<"Response", { readonly status: number; readonly headers: FieldMap }>;
export type WebAbortSignal = Known<"AbortSignal", { readonly aborted: boolean; readonly reason: unknown }>;

/** As much of `Headers` as is left where no web types are known. */
interface FieldMap {
  get(name: string): string | null;
  has(name: string): boolean;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  delete(name: string): void;
}
