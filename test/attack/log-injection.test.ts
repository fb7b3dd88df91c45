import t from "tap";
import { createAccessLog } from "../../core/observe/access-log.ts";
import { get, startGateway } from "../support/gateway.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

/** Sequences that drive terminals, in seven and in eight bits, and line ends of every kind. */
const evil = "\x1b[2J\x9b31m\x85\x7f\x07\n";
const control = /[^\n -~]/;

const requests = {
  "a field name": get("/", `X${evil}: y`),
  "a field value": get("/", `X: ${evil}`),
  "a Host": `GET / HTTP/1.1\r\nHost: ${evil}\r\n\r\n`,
  "a target": get(`/${evil}`),
  "a method": `${evil} / HTTP/1.1\r\nHost: a\r\n\r\n`,
  "a trailer name": `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX\x9b31m\x85\x7f: y\r\n\r\n`,
};

for (const pretty of [false, true]) {
  t.test(
    `no line is forged by what clients send (CWE-117), ${pretty ? "for people" : "in JSON"}`,
    async (t) => {
      const upstream = await startUpstream(t, () => ok());
      const proxy = await startGateway(t, upstream.address);
      let written = "";
      const sink = {
        write(line: string) {
          written += line;
        },
      };
      const log = createAccessLog({ level: "info", pretty }, sink);
      for (const [name, request] of Object.entries(requests)) {
        t.equal((await proxy.ask(request)).status, 400, name);
      }
      for (const record of proxy.records) log.write(record);
      t.equal(written.split("\n").length - 1, proxy.records.length, "one line for each exchange");
      if (pretty) t.notMatch(written, control);
    },
  );
}
