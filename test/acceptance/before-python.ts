import type { Test } from "tap";
import { ask, content, curl } from "./curl.ts";
import { type Service, startCloseDelimited, startPython } from "./file-servers.ts";
import { largeSize, story } from "./files.ts";
import type { InstalledSluice } from "./installed-sluice.ts";

/** Sluice in front of Python's http.server, which speaks HTTP/1.0, with curl as client. */
export async function beforePython(t: Test, installed: InstalledSluice, folder: string): Promise<void> {
  const stand = async (service: Service) => {
    t.teardown(() => service[Symbol.asyncDispose]());
    const sluice = await installed.serve(["--upstream", service.url, "--no-access-log"]);
    t.teardown(() => sluice[Symbol.asyncDispose]());
    return { direct: service.url, proxied: sluice.url };
  };
  const { direct, proxied } = await stand(await startPython(folder));

  for (const [path, ...options] of [["/"], ["/story.txt", "--head"], ["/none"], ["/", "--request", "POST"]]) {
    t.test(`${[...options, path].join(" ")} is what Python itself answers`, async (t) => {
      const answer = await ask([...options, proxied + path]);
      t.same(content(answer), content(await ask([...options, direct + path])));
    });
  }

  t.test("a client keeps its connection although the server closes each of its own", async (t) => {
    const url = `${proxied}/story.txt`;
    const output = await curl([
      "--output",
      "/dev/null",
      "--output",
      "/dev/null",
      "--write-out",
      "%{num_connects} ",
      url,
      url,
    ]);
    t.equal(output, "1 0 ");
  });

  t.test("a large file arrives whole", async (t) => {
    const size = await curl(["--output", "/dev/null", "--write-out", "%{size_download}", `${proxied}/large`]);
    t.equal(Number(size), largeSize);
  });

  const closing = await stand(await startCloseDelimited(folder));

  t.test("a response that only its connection ends becomes a chunked one", async (t) => {
    const { fields, body } = await ask([`${closing.proxied}/story.txt`]);
    t.equal(fields["transfer-encoding"], "chunked");
    t.equal(body, story);
  });

  t.test("for a client of HTTP/1.0 it ends with the connection here too", async (t) => {
    const { fields, body } = await ask(["--http1.0", `${closing.proxied}/story.txt`]);
    t.notOk("transfer-encoding" in fields);
    t.equal(body, story);
  });
}
