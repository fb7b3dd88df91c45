import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "../process/find-program.ts";
import { checkCache } from "./built-in-work.ts";
import type { ProxyServer } from "./proxy.ts";

const program = findProgram("varnishd");

/** Varnish as it is shipped, with 64 MB of memory. Its threads are many, on every core there is. */
export const varnish: ProxyServer = {
  name: "varnish",
  absent: program === null ? "varnishd is not installed" : null,
  async prepare({ port, upstreamPort, directory }) {
    const file = join(directory, "default.vcl");
    await writeFile(file, `vcl 4.1;\nbackend app { .host = "127.0.0.1"; .port = "${upstreamPort}"; }\n`);
    const store = ["-s", "malloc,64m"];
    return {
      file: program as string,
      args: ["-j", "none", "-F", "-n", directory, "-a", `127.0.0.1:${port}`, "-f", file, ...store],
    };
  },
  check: checkCache,
};
