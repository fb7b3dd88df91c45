import t from "tap";
import { validator } from "../../../plugins/validate/schema/validator.ts";
import { documents, filesOf, type Group, groupsOf, missing } from "./data.ts";

const excuses: readonly { readonly reason: string; readonly cases: RegExp }[] = [
  { reason: "older drafts are refused, not guessed at", cases: /^optional\/cross-draft/ },
  {
    reason: "`dependencies` is none of the draft's keywords",
    cases: /^optional\/dependencies-compatibility/,
  },
  { reason: "idn-hostname is not known: a remark", cases: /^optional\/format\/idn-hostname/ },
  { reason: "A-labels are not decoded", cases: /^optional\/format\/hostname: validation of A-label/ },
  {
    reason: "addresses in brackets are checked roughly",
    cases: /^optional\/format\/(?:uri|iri).*(?:IPv|[Ll]eading zero)/i,
  },
  { reason: "templates are checked roughly", cases: /^optional\/format\/uri-template/ },
];
const used = new Set<string>();
const own = missing ? {} : documents();

for (const { folder, formats } of [
  { folder: "", formats: false },
  { folder: "optional", formats: false },
  { folder: "optional/format", formats: true },
]) {
  for (const file of filesOf(folder)) {
    t.test(`${file}: values fit where the suite says so`, async (t) => {
      let count = 0;
      for (const group of groupsOf(file)) {
        for (const { title, found, expected } of verdicts(file, group, formats)) {
          count++;
          const excuse = excuses.find(({ cases }) => cases.test(title));
          if (excuse && found !== expected) used.add(excuse.reason);
          else if (found !== expected) t.fail(title, { found, expected });
        }
      }
      t.ok(count > 0, `${count} cases`);
    });
  }
}

t.test("every excuse is needed", { skip: missing }, async (t) => {
  t.same(
    excuses.filter(({ reason }) => !used.has(reason)),
    [],
  );
});

function* verdicts(file: string, { schema, description, tests }: Group, formats: boolean) {
  let validate: ReturnType<typeof validator> | string;
  try {
    validate = validator(schema, { formats, maxErrors: 10, maxSteps: 100_000, documents: own });
  } catch (error) {
    validate = String(error);
  }
  for (const { description: name, data, valid } of tests) {
    const found = typeof validate === "string" ? validate : validate(data).length === 0;
    yield { title: `${file}: ${description}: ${name}`, found, expected: valid };
  }
}
