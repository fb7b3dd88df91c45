import t from "tap";
import { ResponseReader } from "../../bench/load/response-reader.ts";

const responses = {
  counted: "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nA: b\r\n\r\nhello",
  empty: "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n",
  chunked: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n0\r\n0\r\n\r\n",
};

for (const [name, response] of Object.entries(responses)) {
  t.test(`ResponseReader finds the end of a response that is ${name}, however it is split`, async (t) => {
    const bytes = Buffer.from(response, "latin1");
    for (let at = 1; at < bytes.length; at++) {
      const reader = new ResponseReader();
      t.notOk(reader.feed(bytes.subarray(0, at)), `not complete at ${at}`);
      t.ok(reader.feed(bytes.subarray(at)), `complete after the rest of ${at}`);
      t.ok(reader.success);
    }
  });
}

t.test("ResponseReader reads one response after another", async (t) => {
  const reader = new ResponseReader();
  t.ok(reader.feed(Buffer.from(responses.chunked)));
  t.ok(reader.feed(Buffer.from(responses.counted)));
  t.ok(reader.feed(Buffer.from("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")));
  t.notOk(reader.success);
});
