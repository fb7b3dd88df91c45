import t from "tap";
import { frameAt } from "../../core/observe/code-frame.ts";

/** A frame as the lines of a terminal. */
function frame(source: string, line: number, column: number, width?: number): string[] {
  return frameAt(source, line, column, width).split("\n");
}

t.test(
  "a frame shows the line before, the line with a caret below the place, and the line after",
  async (t) => {
    const source = Array.from({ length: 12 }, (_, index) => `const v${index + 1} = ;`).join("\n");
    t.same(frame(source, 10, 13), [
      "   9 | const v9 = ;",
      "> 10 | const v10 = ;",
      "     |             ^",
      "  11 | const v11 = ;",
    ]);
  },
);

t.test("the first and the last line have a neighbour on one side", async (t) => {
  t.same(frame("a\nb\n", 1, 1), ["> 1 | a", "    | ^", "  2 | b"]);
  t.same(frame("a\nb\n", 2, 1), ["  1 | a", "> 2 | b", "    | ^"]);
  t.same(frame("a", 1, 2), ["> 1 | a", "    |  ^"]);
});

t.test("tabs are spaces, and the caret stands below the same character all the same", async (t) => {
  t.same(frame("\t\tlet a = ;", 1, 11), ["> 1 |     let a = ;", "    |             ^"]);
});

t.test("a line longer than the terminal is cut around the place", async (t) => {
  const source = `${"x".repeat(5000)}!${"y".repeat(5000)}`;
  const [row = "", caret = ""] = frame(source, 1, 5001, 60);
  t.ok(row.length <= 60, `${row.length} columns`);
  t.equal(row[caret.indexOf("^")], "!");
});

t.test("Windows line ends do not show, and control characters cannot steer the terminal", async (t) => {
  t.same(frame("a\r\nb \u001b[31mred\u009b\u202e\r\n", 2, 1), [
    "  1 | a",
    "> 2 | b \ufffd[31mred\ufffd\ufffd",
    "    | ^",
  ]);
});

t.test("a place that the source does not have gives no frame", async (t) => {
  t.equal(frameAt("a\nb", 3, 1), "");
  t.equal(frameAt("", 7, 1), "");
});
