/** A schema that cannot be used, and where in it. */
export class SchemaError extends Error {
  /** @param pointer into the document */
  constructor(pointer: string, message: string) {
    super(`#${pointer}: ${message}`);
  }
}
