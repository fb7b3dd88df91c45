import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { field } from "../support/message.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

const secret = "correct horse battery staple";

t.test("sign-requests signs the target as the service gets it, byte by byte", async (t) => {
  const service = await startUpstream(t, (request) => {
    const [method, target] = request.startLine.split(" ");
    const [, time, signature] =
      /time=(\d+), signature=(\S+)$/.exec(field(request, "x-signature") ?? "") ?? [];
    const text = `${time}\n${method}\n${target}`;
    const isSigned = signature === createHmac("sha256", secret).update(text).digest("base64");
    return ok(`${target} ${isSigned}`);
  });
  const { ask } = await startPolicyGateway(t, service.address, {
    plugins: { "sign-requests.ts": readFileSync("examples/policies/sign-requests.ts", "utf8") },
    environment: { SIGNING_SECRET: secret },
  });
  for (const target of ["/", "*", "/s?", "/s?a=/b?", "/s/{id}", "/s/a`b", "/s/a^b", "/s?q=it's", "/?/*"]) {
    const { body } = await ask(`OPTIONS ${target} HTTP/1.1\r\nHost: app\r\n\r\n`);
    t.equal(body, `${target} true`);
  }
});
