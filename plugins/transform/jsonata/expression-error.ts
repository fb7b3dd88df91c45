/** Why an expression made nothing of a document: it does not fit, or takes too much. The message holds nothing of the document. */
export class ExpressionError extends Error {
  readonly isTooMuch: boolean;
  constructor(message: string, isTooMuch: boolean) {
    super(message);
    this.isTooMuch = isTooMuch;
  }
}
