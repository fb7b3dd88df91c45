import type { Excuse } from "./judge.ts";

/** Where the URL of Deno 2.9, which is what parses there, is not that of browsers. */
export const denoUrlExcuses: readonly Excuse[] = [
  { reason: "file URLs: drive letters, empty path segments and hosts", cases: /file:/ },
  {
    reason: "an opaque path keeps the spaces at its end",
    cases: /^"?(non-special:opaque|data:space|sc:space)/,
  },
  { reason: "labels that are no Punycode", cases: /xn--/i },
  { reason: "more than two slashes before the host of a relative URL", cases: /^"\/\/\/.* on http:/ },
  { reason: "a backslash in a path of a scheme that is not special", cases: /^"\\\\.* on foo:/ },
  { reason: "dot segments above a path that looks like a drive", cases: /^"\.\." on abc:/ },
  { reason: "the encoding of ^ and | in paths", cases: /\/ !\\"\$%&|^a:\/ pathname=/ },
  {
    reason: "a path that begins with // where no host is",
    cases: /^non-spec:\/|^foo:\/\/\/some\/path pathname=""/,
  },
  {
    reason: "characters that IDNA changed its mind about (ignored, or with a lower case, since Unicode 16)",
    cases: /^toascii "(look.out\.net|[\u04c0\u2183]\.com)"/,
  },
  { reason: "a port of nothing but line breaks and tabs", cases: / port="\\n\\n/ },
];
