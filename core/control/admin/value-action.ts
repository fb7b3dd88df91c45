import { type OperatorValues, ValueRefused } from "../operator-values.ts";
import { type AdminPage, json, problem } from "./page.ts";

type Question = Readonly<Record<string, unknown>>;

const expected = "Expected plugin and prefix, or plugin and key, with value where it is to be set";

/**
 * `POST /kv`: the operator's values in the `kv` of a plugin. With `prefix` those are told whose keys begin so; with `key` and
 * `value` one is set, and with `key` and `value: null` it is taken away. All reactors have it when the answer is there.
 *
 * @example
 * await valueAction({ plugin: "flags", key: "beta", value: { percent: 5 } }, values);
 */
export async function valueAction(body: unknown, values: OperatorValues): Promise<AdminPage> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return problem(400, expected);
  const { plugin, prefix, key, value, ...rest } = body as Question;
  if (typeof plugin !== "string" || plugin === "" || Object.keys(rest).length > 0)
    return problem(400, expected);
  if (typeof prefix === "string" && key === undefined && value === undefined)
    return list(values, plugin, prefix);
  if (typeof key !== "string" || key === "" || value === undefined || prefix !== undefined)
    return problem(400, expected);
  return change(values, plugin, key, value);
}

function list(values: OperatorValues, plugin: string, prefix: string): AdminPage {
  const found = values.list(plugin).filter(({ key }) => key.startsWith(prefix));
  return json(200, { values: found.map(({ key, value }) => ({ key, value: JSON.parse(value!) })) });
}

async function change(
  values: OperatorValues,
  plugin: string,
  key: string,
  value: unknown,
): Promise<AdminPage> {
  try {
    const text = value === null ? null : JSON.stringify(value);
    return json(200, { replaced: await values.set({ plugin, key, value: text }) });
  } catch (error) {
    if (error instanceof ValueRefused) return problem(422, error.message);
    return problem(500, "The value is in force, and cannot be kept: a restart undoes it");
  }
}
