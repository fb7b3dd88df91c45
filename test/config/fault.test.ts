// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables in a config file
import fc from "fast-check";
import t from "tap";
import { faultText, routesWithFaults } from "../../core/config/fault-text.ts";
import { loadConfig } from "../../core/config/load.ts";
import { formatPortion, parsePortion } from "../../core/config/portion.ts";
import { ConfigError, formatProblem } from "../../core/config/problem.ts";

function load(fault: string, env: NodeJS.ProcessEnv = {}) {
  const text = `clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }
routes:
  - cluster: app
    fault: ${fault}
`;
  return loadConfig("sluice.yaml", text, { env });
}

function problems(fault: string): string[] {
  try {
    load(fault);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(formatProblem);
  }
}

t.test("faults are resolved, and nothing is injected where nothing is said", async (t) => {
  const fault = (text: string, env = {}) => load(text, env).routes[0]!.fault;
  t.same(fault('{ delay: { share: "2.5%", time: 1.5s }, abort: { share: 0.1, status: 429 } }'), {
    delay: { share: 0.025, time: 1500 },
    abort: { share: 0.1, status: 429 },
    header: false,
  });
  t.same(fault("{ delay: {}, abort: {} }"), {
    delay: { share: 1, time: 1000 },
    abort: { share: 1, status: 503 },
    header: false,
  });
  t.same(fault("{ header: true }"), { delay: null, abort: null, header: true });
  t.equal(fault('{ abort: { share: "${env:SHARE}" } }', { SHARE: "20%" })?.abort?.share, 0.2);
  t.equal(fault('{ abort: { share: "${env:SHARE}" } }', { SHARE: "0.2" })?.abort?.share, 0.2);
  t.equal(
    loadConfig("f", 'clusters: { a: { endpoints: ["http://a:1"] } }', { env: {} }).routes[0]!.fault,
    null,
  );
});

t.test("what is wrong with faults is told with its place", async (t) => {
  const wrong: [string, string][] = [
    ["{}", "sluice.yaml:4:12: expected delay, abort or header: true, found none of them"],
    ["{ header: false }", "sluice.yaml:4:12: expected delay, abort or header: true, found none of them"],
    ["{ delay: { share: 101% } }", '4:30: expected a share from 0 to 1, or from 0% to 100%, found "101%"'],
    ["{ delay: { share: 2 } }", '4:30: expected a share such as 0.1 or "10%", found 2'],
    ["{ delay: { share: few } }", '4:30: expected a share such as 0.1 or "10%", found "few"'],
    ["{ delay: { time: 2h } }", '4:29: expected a duration from 1ms to 1h, found "2h"'],
    ["{ abort: { status: 200 } }", "4:31: "],
    ["{ abort: { statuses: 200 } }", "4:23: "],
  ];
  for (const [fault, expected] of wrong) {
    const found = problems(fault);
    t.equal(found.length, 1, fault);
    t.ok(found[0]!.includes(expected), `${found[0]}`);
  }
});

t.test("a share reads as it was written", async (t) => {
  t.equal(parsePortion("10%"), 0.1);
  t.equal(parsePortion("0.1%"), 0.001);
  for (const wrong of ["10", "-1%", "1e1%", "%", "10 %", "100.1%", -0.1, 1.1, Number.NaN])
    t.equal(parsePortion(wrong), null, String(wrong));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100_000 }), (thousandths) => {
      const percent = String(thousandths / 1000);
      return formatPortion(parsePortion(`${percent}%`)!) === `${percent} %`;
    }),
  );
});

t.test("faults in words name what may happen to a request", async (t) => {
  const config = load('{ delay: { share: "2.5%" }, abort: { status: 418 }, header: true }');
  t.same(routesWithFaults(config), [
    { route: "app", faults: "2.5 % wait 1s, 100 % are answered 418, any request may ask for one" },
  ]);
  t.equal(faultText({ delay: null, abort: null, header: true }), "any request may ask for one");
});
