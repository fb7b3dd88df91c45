import t from "tap";
import { checkStoreNames } from "../../../core/cli/inspect/store-names.ts";

const store = { type: "string", format: "store" };
const faultIn = (schema: object, value: unknown, names = ["one"]) => {
  try {
    checkStoreNames(schema, value, names);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
};

t.test("checkStoreNames finds names wherever they stand", async (t) => {
  const schema = {
    properties: { store, list: { items: { properties: { store } } } },
    additionalProperties: { allOf: [store] },
  };
  t.equal(faultIn(schema, { store: "one", list: [{ store: "one" }], more: "one" }), null);
  t.equal(faultIn(schema, { store: "two" }), "config/store must be the name of a store, one of one");
  t.match(faultIn(schema, { list: [{ store: "one" }, { store: "two" }] }), /^config\/list\/1\/store /);
  t.match(faultIn(schema, { more: "two" }), /^config\/more /);
  t.match(faultIn(schema, { store: "two" }, []), /one of none$/);
});

t.test("checkStoreNames leaves everything else alone", async (t) => {
  t.equal(faultIn({ properties: { store } }, { store: 5 }), null);
  t.equal(faultIn({ properties: { name: { type: "string" } } }, { name: "two" }), null);
  t.equal(faultIn({ properties: { constructor: store } }, { toString: "two" }), null);
});
