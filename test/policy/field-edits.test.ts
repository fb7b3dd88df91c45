import fc from "fast-check";
import t from "tap";
import { editFields } from "../../core/policy/field-edits.ts";

const line = fc
  .tuple(
    fc.constantFrom("X-Tenant", "x-tenant", "x-tenant-2", "Accept"),
    fc.constantFrom("a", "x-tenant: b", ""),
  )
  .map(([name, value]) => `${name}: ${value}\r\n`);

t.test("editFields takes away every line of a name, in any case, and no other", async (t) => {
  const fields = "X-Tenant: a\r\nAccept: x-tenant: b\r\nx-tenant: c\r\nX-Tenant-2: d\r\n";
  t.equal(editFields(fields, "", ["x-tenant"]), "Accept: x-tenant: b\r\nX-Tenant-2: d\r\n");
  t.equal(editFields(fields, "y: 1\r\n", ["absent"]), `${fields}y: 1\r\n`);
});

t.test("editFields takes one name away as it takes several", async (t) => {
  fc.assert(
    fc.property(
      fc.array(line),
      fc.constantFrom("x-tenant", "accept", "x", "", "x-tenant: b"),
      (lines, name) => {
        const fields = lines.join("");
        return editFields(fields, "", [name]) === editFields(fields, "", [name, "absent"]);
      },
    ),
  );
  t.pass();
});
