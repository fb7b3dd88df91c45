/** Node only: the compiler is the judge here, and it says the same wherever it runs. */
import { readFileSync } from "node:fs";
import t from "tap";
import ts from "typescript";
import { guestGlobals } from "../../sdk/runtime/global-names.ts";

const file = ts.createSourceFile(
  "guest.d.ts",
  readFileSync("sdk/guest.d.ts", "utf8"),
  ts.ScriptTarget.ES2024,
);

t.test("the types of a guest declare the globals that its runtime gives, and no others", async (t) => {
  const declared = file.statements.flatMap((statement) => {
    if (ts.isFunctionDeclaration(statement)) return [statement.name!.text];
    if (!ts.isVariableStatement(statement)) return [];
    return statement.declarationList.declarations.map(({ name }) => name.getText(file));
  });
  const given = guestGlobals.filter((name) => name !== "globalThis");
  t.same([...declared].sort(), [...given].sort());
});
