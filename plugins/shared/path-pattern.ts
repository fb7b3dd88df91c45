/** Gives the segments that a pattern names, still escaped; null when the path is another one. */
export type PathPattern = (path: string) => ReadonlyMap<string, string> | null;

const nothing: ReadonlyMap<string, string> = new Map();

/**
 * A pattern of segments: a text is itself, `*` is any one, `{name}` any one with a name, and `**` at the end all that follow.
 *
 * @throws Error for a pattern that does not begin with `/`
 * @example
 * pathPattern("/users/{id}/**")("/users/7/orders"); // Map { "id" => "7" }
 */
export function pathPattern(text: string): PathPattern {
  if (!text.startsWith("/")) throw new Error(`Cannot use when.path: expected ${text} to begin with /`);
  const wanted = text.split("/");
  const isOpen = wanted.at(-1) === "**";
  if (isOpen) wanted.pop();
  if (wanted.includes("**")) throw new Error(`Cannot use when.path: ** is not at the end of ${text}`);
  return (path) => {
    const found = path.split("/");
    if (isOpen ? found.length < wanted.length : found.length !== wanted.length) return null;
    let named: Map<string, string> | null = null;
    for (const [index, segment] of wanted.entries()) {
      const value = found[index]!;
      const name = /^\{([\w-]+)\}$/.exec(segment)?.[1];
      if (name !== undefined && value !== "") {
        named ??= new Map();
        named.set(name, value);
      } else if (segment === "*" ? value === "" : value !== segment) return null;
    }
    return named ?? nothing;
  };
}
