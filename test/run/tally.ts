import { Parser, type Result, type TapError } from "tap-parser";

/** What a TAP stream said, in tests: a test that holds other tests is not counted itself. */
export interface Tally {
  passed: number;
  failed: number;
  /** One reason for each skipped test. */
  readonly skipped: string[];
}

export function emptyTally(): Tally {
  return { passed: 0, failed: 0, skipped: [] };
}

/**
 * Counts the tests of a TAP stream as it is written to the returned parser.
 * The tally is complete when the parser has ended.
 */
export function tallyParser(tally: Tally): Parser {
  const parser = new Parser();
  countTests(parser, tally);
  return parser;
}

function countTests(document: Parser, tally: Tally): void {
  let holdsTests = false;
  document.on("child", (child: Parser) => {
    holdsTests = true;
    countTests(child, tally);
  });
  document.on("complete", () => {
    if (holdsTests) countLoosePoints(document, tally);
    else countOneTest(document, tally);
  });
}

function countOneTest(document: Parser, tally: Tally): void {
  if (!document.ok) tally.failed++;
  else if (document.count > 0 && document.count === document.skips.length)
    tally.skipped.push(...reasons(document));
  else if (document.count > 0) tally.passed++;
}

/** Points beside the nested tests: a skipped test is one, and so is an assertion that failed outside of any. */
function countLoosePoints(document: Parser, tally: Tally): void {
  tally.skipped.push(...reasons(document));
  tally.failed += document.failures.filter((failure) => !closesTest(failure)).length;
}

function closesTest(failure: TapError): boolean {
  return "closingTestPoint" in failure && failure.closingTestPoint === true;
}

function reasons(document: Parser): string[] {
  return document.skips.map((point) => reason(point));
}

function reason({ skip, name, fullname }: Result): string {
  const title = name || fullname;
  return typeof skip === "string" && skip ? `${title}: ${skip}` : title;
}
