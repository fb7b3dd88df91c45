/**
 * Whether a config plainly fits a schema, decided without a validator: loading one takes a process 10 MB and
 * 40 ms, and most configs are a few fields that are right.
 */

type Test = (asked: unknown, value: unknown, schema: Fields) => boolean;
interface Refinement {
  check(value: unknown): boolean;
}
type Fields = Readonly<Record<string, unknown>>;

/** What says nothing of a value. */
const annotations = ["title", "description", "default", "examples", "deprecated", "~kind"];

const tests: ReadonlyMap<string, Test> = new Map<string, Test>([
  ["type", (asked, value) => (Array.isArray(asked) ? asked : [asked]).some((type) => isOfType(type, value))],
  ["const", (asked, value) => isSame(asked, value)],
  ["enum", (asked, value) => isList(asked) && !isWhole(value) && asked.includes(value)],
  ["anyOf", (asked, value) => isList(asked) && asked.some((branch) => fitsPlainly(branch, value))],
  [
    "required",
    (asked, value) => isList(asked) && (!isFields(value) || asked.every((key) => has(value, key))),
  ],
  ["properties", (asked, value) => isFields(asked) && (!isFields(value) || propertiesFit(asked, value))],
  ["additionalProperties", (asked, value, schema) => !isFields(value) || othersFit(asked, value, schema)],
  ["items", (asked, value) => !isList(value) || value.every((item) => fitsPlainly(asked, item))],
  ["minItems", (asked, value) => isNumber(asked) && (!isList(value) || value.length >= asked)],
  ["maxItems", (asked, value) => isNumber(asked) && (!isList(value) || value.length <= asked)],
  ["minLength", (asked, value) => isNumber(asked) && (!isText(value) || lengthOf(value) >= asked)],
  ["maxLength", (asked, value) => isNumber(asked) && (!isText(value) || lengthOf(value) <= asked)],
  ["minimum", (asked, value) => isNumber(asked) && (!isNumber(value) || value >= asked)],
  ["maximum", (asked, value) => isNumber(asked) && (!isNumber(value) || value <= asked)],
  ["exclusiveMinimum", (asked, value) => isNumber(asked) && (!isNumber(value) || value > asked)],
  ["exclusiveMaximum", (asked, value) => isNumber(asked) && (!isNumber(value) || value < asked)],
  ["~refine", (asked, value) => (asked as readonly Refinement[]).every(({ check }) => check(value))],
  ...annotations.map((name): [string, Test] => [name, () => true]),
]);

/**
 * True only for what JSON Schema (2020-12) accepts for certain. False means "ask the validator": for a value
 * that does not fit, for keywords beyond the common ones, and for a schema that is not well formed.
 *
 * @example
 * fitsPlainly({ type: "object", required: ["key"] }, { key: "k" }); // true
 */
export function fitsPlainly(schema: unknown, value: unknown): boolean {
  if (schema === true) return true;
  if (!isFields(schema)) return false;
  return Object.entries(schema).every(
    ([keyword, asked]) => tests.get(keyword)?.(asked, value, schema) === true,
  );
}

function isOfType(type: unknown, value: unknown): boolean {
  switch (type) {
    case "object":
      return isFields(value);
    case "array":
      return isList(value);
    case "string":
    case "boolean":
      return typeof value === type;
    case "number":
      return isNumber(value);
    case "integer":
      return Number.isInteger(value);
    case "null":
      return value === null;
    default:
      return false;
  }
}

function propertiesFit(asked: Fields, value: Fields): boolean {
  return Object.entries(asked).every(([key, schema]) => !has(value, key) || fitsPlainly(schema, value[key]));
}

function othersFit(asked: unknown, value: Fields, { properties }: Fields): boolean {
  const known = isFields(properties) ? properties : {};
  return Object.entries(value).every(([key, part]) => has(known, key) || fitsPlainly(asked, part));
}

/** Values without parts only. */
function isSame(asked: unknown, value: unknown): boolean {
  return asked === value && !isWhole(value);
}

function isWhole(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** Only of plain ASCII: what counts as a character beyond it is the validator's to say. NaN compares as false. */
function lengthOf(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : Number.NaN;
}

function has(value: Fields, key: unknown): boolean {
  return typeof key === "string" && Object.hasOwn(value, key);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
