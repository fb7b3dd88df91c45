import t from "tap";
import { stopChild } from "../../bench/process/child.ts";
import {
  checkCache,
  checkJson,
  checkKeyAndLimit,
  checkLimit,
  checkToken,
  checkValidation,
} from "../../bench/proxies/built-in-work.ts";
import { startUpstream } from "../../bench/upstream/start.ts";

t.test("the checks refuse the upstream itself, where nothing did any work", async (t) => {
  const upstream = await startUpstream(60_000);
  t.teardown(() => stopChild(upstream.child));
  const target = { port: upstream.port, tls: false };
  await t.rejects(checkCache(target), { message: /the second answer to be 1, found 2/ });
  await t.rejects(checkJson(target), { message: /what was removed to be undefined, found 42/ });
  await t.rejects(checkKeyAndLimit(target), { message: /without a valid key to be 401, found 200/ });
  await t.rejects(checkLimit(target), { message: /beyond the limit to be 429, found 200/ });
  await t.rejects(checkToken(target), { message: /without a good token to be 401, found 200/ });
  await t.rejects(checkValidation(target), { message: /what does not fit to be 422, found 200/ });
});
