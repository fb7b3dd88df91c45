import t from "tap";
import { withField } from "../../core/wire/with-field.ts";

t.test("withField puts one field in the place of all of that name", async (t) => {
  const head = "GET /x-a:1 HTTP/1.1\r\nX-A: 1\r\nHost: a\r\nx-a : 2\r\nx-ab: 3\r\nx-A:\r\n\r\n";
  t.equal(
    withField(head, "x-a", "9"),
    "GET /x-a:1 HTTP/1.1\r\nHost: a\r\nx-a : 2\r\nx-ab: 3\r\nx-a: 9\r\n\r\n",
  );
  t.equal(withField("x-a: HTTP/1.1\r\n\r\n", "x-a", "9"), "x-a: HTTP/1.1\r\nx-a: 9\r\n\r\n");
});
