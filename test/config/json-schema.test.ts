import t from "tap";
import {
  defaultLimits,
  defaultMaxPluginLimits,
  defaultPluginLimits,
  defaultTimeouts,
} from "../../core/config/defaults.ts";
import { jsonSchemaText } from "../../core/config/schema/json-schema.ts";
import { parseDuration, parseSize } from "../../core/config/units.ts";

type Schema = {
  readonly patternProperties: Readonly<Record<string, Schema>>;
  readonly properties: Readonly<Record<string, Schema>>;
  readonly default: string;
  readonly description?: string;
};

const schema: Schema = JSON.parse(jsonSchemaText());

t.test("the JSON Schema declares its dialect and the keys of the file", async (t) => {
  t.match(schema, { $schema: /2020-12/, type: "object", additionalProperties: false });
  t.ok(schema.properties["routes"]);
});

t.test("the defaults it shows are the defaults that apply", async (t) => {
  const shown = (section: string, key: string) => schema.properties[section]!.properties[key]!.default;
  for (const [key, value] of Object.entries(defaultTimeouts))
    t.equal(parseDuration(shown("timeouts", key)), value, key);
  for (const [key, value] of Object.entries(defaultLimits))
    t.equal(parseSize(shown("limits", key)), value, key);
});

t.test("the limits of plugins it shows are those that apply", async (t) => {
  const { settings, maxLimits } = schema.properties["plugins"]!.properties;
  const { limits } = Object.values(settings!.patternProperties)[0]!.properties;
  const shown = (section: Schema) =>
    Object.fromEntries(
      Object.entries(section.properties).map(([key, { default: text }]) => [key, amount(text)]),
    );
  t.same(shown(limits!), defaultPluginLimits);
  t.same(shown(maxLimits!), defaultMaxPluginLimits);
});

t.test("every setting of a section has a description", async (t) => {
  for (const section of ["limits", "timeouts"]) {
    const settings = Object.entries(schema.properties[section]!.properties);
    t.same(
      settings.filter(([, { description }]) => !description),
      [],
    );
  }
});

function amount(shown: string | number): number | null {
  return typeof shown === "number" ? shown : (parseDuration(shown) ?? parseSize(shown));
}
