import { configFile } from "./schema.ts";

/** The JSON Schema of `sluice.yaml`, for editors, as indented text. */
export function jsonSchemaText(): string {
  const schema = { $schema: "https://json-schema.org/draft/2020-12/schema", ...configFile };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
