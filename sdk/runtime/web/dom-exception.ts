import { asWebInterface } from "../web-interface.ts";

/** Codes of the names that had one before names were enough (Web IDL, "DOMException names"). */
const codes: Readonly<Record<string, number>> = {
  __proto__: null as never,
  IndexSizeError: 1,
  HierarchyRequestError: 3,
  WrongDocumentError: 4,
  InvalidCharacterError: 5,
  NoModificationAllowedError: 7,
  NotFoundError: 8,
  NotSupportedError: 9,
  InUseAttributeError: 10,
  InvalidStateError: 11,
  SyntaxError: 12,
  InvalidModificationError: 13,
  NamespaceError: 14,
  InvalidAccessError: 15,
  TypeMismatchError: 17,
  SecurityError: 18,
  NetworkError: 19,
  AbortError: 20,
  URLMismatchError: 21,
  QuotaExceededError: 22,
  TimeoutError: 23,
  InvalidNodeTypeError: 24,
  DataCloneError: 25,
};

/** In the order of their codes, which begin with 1; each ends in `_ERR`. */
const constants = [
  ...["INDEX_SIZE", "DOMSTRING_SIZE", "HIERARCHY_REQUEST", "WRONG_DOCUMENT", "INVALID_CHARACTER"],
  ...["NO_DATA_ALLOWED", "NO_MODIFICATION_ALLOWED", "NOT_FOUND", "NOT_SUPPORTED", "INUSE_ATTRIBUTE"],
  ...["INVALID_STATE", "SYNTAX", "INVALID_MODIFICATION", "NAMESPACE", "INVALID_ACCESS"],
  ...["VALIDATION", "TYPE_MISMATCH", "SECURITY", "NETWORK", "ABORT"],
  ...["URL_MISMATCH", "QUOTA_EXCEEDED", "TIMEOUT", "INVALID_NODE_TYPE", "DATA_CLONE"],
];

/** V8 alone has it: it makes the stack again, now that the error has its name. */
const { captureStackTrace } = Error as { captureStackTrace?: (error: object, above: unknown) => void };

/**
 * The error of the web's own operations, told apart by its name.
 *
 * @example new DOMException("The call was given up", "AbortError").code // 20
 */
export class DOMException extends Error {
  declare readonly [Symbol.toStringTag]: string;
  readonly #name: string;

  constructor(message = "", name: string | { name?: string; cause?: unknown } = "Error") {
    super(`${message}`);
    if (typeof name === "object" && name !== null) {
      this.#name = name.name === undefined ? "Error" : `${name.name}`;
      if ("cause" in name) Object.defineProperty(this, "cause", { ...hidden, value: name.cause });
    } else {
      this.#name = `${name}`;
    }
    captureStackTrace?.(this, new.target);
  }

  override get name(): string {
    return #name in this ? this.#name : "Error";
  }

  get code(): number {
    return codes[this.name] ?? 0;
  }
}

asWebInterface(DOMException, "DOMException");
for (const [at, constant] of constants.entries()) {
  for (const holder of [DOMException, DOMException.prototype]) {
    Object.defineProperty(holder, `${constant}_ERR`, { value: at + 1, enumerable: true });
  }
}

const hidden = { writable: true, configurable: true, enumerable: false };
