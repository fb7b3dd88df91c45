/** What a console shows of objects whose state is private. */

const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { apply } = Reflect;

type Getter = (this: object) => unknown;

interface Shown {
  readonly name: string;
  readonly members: readonly (readonly [name: string, get: Getter])[];
}

/** More prototypes than a class of a plugin has above it. */
const mostPrototypes = 10;

const known = new Map<object, Shown>();

/**
 * Says which getters of a class tell what its objects are. They are kept: what a plugin puts in their place is not run.
 *
 * @example showMembers(Response, "Response", ["status", "headers"])
 */
export function showMembers(
  type: { readonly prototype: object },
  name: string,
  members: readonly string[],
): void {
  const { prototype } = type;
  const getters = members.map(
    (member) => [member, getOwnPropertyDescriptor(prototype, member)!.get!] as const,
  );
  known.set(prototype, { name, members: getters });
}

export interface ShownMembers {
  readonly name: string;
  readonly members: readonly (readonly [name: string, value: unknown])[];
}

/** Null: the object is of no such class. */
export function shownMembers(value: object): ShownMembers | null {
  let prototype = getPrototypeOf(value) as object | null;
  for (let steps = 0; prototype !== null && steps < mostPrototypes; steps++) {
    const found = known.get(prototype);
    if (found !== undefined) {
      const members = found.members.map(([name, get]) => [name, apply(get, value, [])] as const);
      return { name: found.name, members };
    }
    prototype = getPrototypeOf(prototype) as object | null;
  }
  return null;
}
