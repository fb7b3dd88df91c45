import { type ErrorCode, errorCodes } from "../errors.ts";

/** Methods that get a label of their own; clients may send any token, so the rest share `other`. */
export const methodLabels = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "PATCH",
  "OPTIONS",
  "CONNECT",
  "other",
] as const;

// A switch on the text: no hashing and no lookup that an untrusted name could influence.
export function methodIndex(method: string): number {
  switch (method) {
    case "GET":
      return 0;
    case "HEAD":
      return 1;
    case "POST":
      return 2;
    case "PUT":
      return 3;
    case "DELETE":
      return 4;
    case "PATCH":
      return 5;
    case "OPTIONS":
      return 6;
    case "CONNECT":
      return 7;
    default:
      return 8;
  }
}

/** Status codes of the IANA registry, 499 (client gone) added. */
const registeredStatuses = [
  100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307,
  308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422,
  423, 424, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
];

/** Unregistered codes share the label of their class; what is no status at all is `other`. */
export const statusLabels: readonly string[] = [
  "other",
  "1xx",
  "2xx",
  "3xx",
  "4xx",
  "5xx",
  ...registeredStatuses.map(String),
];

const statusIndexes = buildStatusIndexes();

function buildStatusIndexes(): Uint8Array {
  const indexes = new Uint8Array(600);
  for (let status = 100; status < 600; status++) {
    indexes[status] = Math.floor(status / 100);
  }
  for (const status of registeredStatuses) {
    indexes[status] = statusLabels.indexOf(String(status));
  }
  return indexes;
}

export function statusIndex(status: number): number {
  return statusIndexes[status] ?? 0;
}

/** Upper bounds of the duration histogram in ms; one more bucket holds everything slower. */
export const durationBounds: readonly number[] = [
  0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000,
];

export function durationBucket(ms: number): number {
  let bucket = 0;
  while (bucket < durationBounds.length && ms > durationBounds[bucket]!) {
    bucket++;
  }
  return bucket;
}

const errorIndexes = new Map<ErrorCode, number>(errorCodes.map((code, index) => [code, index]));

export function errorIndex(code: ErrorCode): number {
  return errorIndexes.get(code)!;
}
