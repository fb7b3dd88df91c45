/**
 * A JSON value as expressions see it: objects as maps, whose keys are data whatever they are called. Numbers stay
 * doubles, as CEL says of JSON; they are compared with whole numbers by value.
 *
 * @example
 * celValue({ level: 3 }); // Map { "level" => 3 }
 */
export function celValue(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(celValue);
  if (typeof json === "object" && json !== null) {
    return new Map(Object.entries(json).map(([name, value]) => [name, celValue(value)]));
  }
  return json;
}
