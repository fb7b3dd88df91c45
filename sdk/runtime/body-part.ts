/** Where a handler of a body is. */
import type { Context } from "./context.ts";

export interface BodyPart {
  /** Whether this is the last part of the body that is passing. */
  lastChunk: boolean;
  /** Whether the handler of the part at hand ended the body. */
  endsBody: boolean;
}

// As it was before the plugin ran.
const View = Proxy;

/**
 * The same `ctx` for the handler of another body of its exchange, which may be at work at the same time: each has a `last` and an
 * `end` of its own, and all else in common, also what a plugin puts there.
 */
export function contextOfPart(context: Context, part: BodyPart): Context {
  const end = () => {
    part.endsBody = true;
  };
  return new View(context as Context & Record<PropertyKey, unknown>, {
    // Not those of the view: it is no Context, and has nothing that is private to one.
    get(target, name) {
      if (name === "last") return part.lastChunk;
      return name === "end" ? end : target[name];
    },
    set(target, name, value) {
      target[name] = value;
      return true;
    },
  });
}
