/** What is looked at of a request. */
export interface Asked {
  /** Canonical and still escaped. */
  readonly path: string;
  /** Empty, or with its question mark. */
  readonly query: string;
  readonly headers: { get(name: string): string | null };
}

/** Where a request says its version. */
export interface SourcesConfig {
  readonly path?: string;
  readonly header?: string;
  readonly query?: string;
  readonly accept?: string;
  readonly vendor?: string;
}

/** A version that a request names, as it names it. */
export interface Named {
  readonly text: string;
  /** How long the part of the path is that says it; 0: the path does not. */
  readonly pathLength: number;
}

export interface Sources {
  /** All that a request says, in no order. */
  read(asked: Asked): Named[];
  /** Request fields that say it, for Vary. */
  readonly fields: readonly string[];
}

const longest = 50;

/**
 * Makes a reader of the places that a config names.
 *
 * @param isKnown decides among several that a client would take (Accept)
 * @example
 * sourcesOf({ path: "/v{version}" }, () => true).read({ path: "/v2/users", query: "", headers });
 * // [{ text: "2", pathLength: 3 }]
 */
export function sourcesOf(config: SourcesConfig, isKnown: (text: string) => boolean): Sources {
  const { path, header, query, accept, vendor } = config;
  const readers: ((asked: Asked) => (Named | null)[])[] = [];
  const plain = (text: string | null): Named | null =>
    text === null ? null : { text: text.trim(), pathLength: 0 };
  if (path !== undefined) {
    const [before = ""] = path.split("{version}");
    readers.push((asked) => [pathVersion(asked.path, before)]);
  }
  if (header !== undefined)
    readers.push(({ headers }) => (headers.get(header) ?? "").split(",").map(emptyIsNull).map(plain));
  if (query !== undefined) {
    readers.push((asked) => new URLSearchParams(asked.query).getAll(query).map(plain));
  }
  if (accept !== undefined || vendor !== undefined) {
    readers.push(({ headers }) => [plain(acceptedVersion(headers.get("accept"), accept, vendor, isKnown))]);
  }
  const fields = [...(header === undefined ? [] : [header]), ...((accept ?? vendor) ? ["accept"] : [])];
  return {
    fields,
    read: (asked) => readers.flatMap((read) => read(asked)).filter((named) => named !== null),
  };
}

function emptyIsNull(text: string): string | null {
  return text.trim() === "" ? null : text;
}

/** A version in a path begins with a digit: `/vault` is none behind `/v`. */
function pathVersion(path: string, before: string): Named | null {
  if (!path.startsWith(before)) return null;
  const [text = ""] = path.slice(before.length).split("/", 1);
  if (!/^\d/.test(text) || text.length > longest) return null;
  return { text, pathLength: before.length + text.length };
}

/** Of the ranges that name a version the one that the client likes best, of those the first that there is. */
function acceptedVersion(
  field: string | null,
  parameter: string | undefined,
  vendor: string | undefined,
  isKnown: (text: string) => boolean,
): string | null {
  const found: { text: string; weight: number }[] = [];
  for (const range of (field ?? "").slice(0, 4000).split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    const values = new Map(parameters.map(pairOf));
    const weight = Number(values.get("q") ?? 1);
    const text =
      (parameter === undefined ? null : values.get(parameter.toLowerCase())) ?? vendorVersion(type, vendor);
    if (text !== null && weight > 0) found.push({ text, weight });
  }
  found.sort((one, other) => other.weight - one.weight);
  return (found.find(({ text }) => isKnown(text)) ?? found[0])?.text ?? null;
}

function pairOf(text: string): [name: string, value: string] {
  const equals = text.indexOf("=");
  if (equals < 0) return [text.toLowerCase(), ""];
  return [
    text.slice(0, equals).trim().toLowerCase(),
    text
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/, "$1"),
  ];
}

/** `application/vnd.acme.v2+json` and `application/vnd.acme-v2`, for the vendor `acme`. */
function vendorVersion(type: string, vendor: string | undefined): string | null {
  if (vendor === undefined) return null;
  const start = `application/vnd.${vendor.toLowerCase()}`;
  const lower = type.toLowerCase();
  if (!lower.startsWith(start)) return null;
  return /^[.-]v(\d[\w.-]{0,49})(?:\+\w{1,20})?$/.exec(lower.slice(start.length))?.[1] ?? null;
}
