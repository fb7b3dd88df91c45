import { globSync } from "node:fs";
import type { Suite } from "./suite.ts";

/** Rooms whose code behaves alike on both runtimes: their suites run on Deno too. */
const neutralRooms = [
  "config",
  "discovery",
  "index",
  "net",
  "observe",
  "plugins",
  "policy",
  "proxy",
  "reload",
  "route",
  "sandbox",
  "security",
  "store",
  "testing",
  "upstream",
  "wire",
];

/** Suites of those rooms, or folders of them, that are about Node all the same, and why. */
const nodeSuites = new Map([
  ["test/sandbox/isolated-vm/", "isolated-vm is an addon of Node"],
  ["test/sandbox/contract-isolated-vm.test.ts", "isolated-vm is an addon of Node"],
  ["test/security/isolated-vm.test.ts", "isolated-vm is an addon of Node"],
  [
    "test/sandbox/web/headers.test.ts",
    "compares with the Headers of Node; those of Deno join empty values differently",
  ],
  ["test/net/listener.test.ts", "Deno has other codes for an address it cannot have"],
  ["test/upstream/connect.test.ts", "stops a process with a signal, after which Deno does not see its end"],
  ["test/observe/line-output.test.ts", "starts programs with the options of Node"],
  [
    "test/plugins/rate-limit/workers.test.ts",
    "passes listening sockets to another process, which Deno cannot",
  ],
  ["test/store/reactors.test.ts", "passes listening sockets to another process, which Deno cannot"],
  ["test/wire/node-http.test.ts", "compares with the parser of node:http, which Deno has another of"],
]);

/** What also has to hold on the oldest Node that is supported: the engine that is an addon of Node. */
const oldNodeSuites = ["test/sandbox/contract-isolated-vm.test.ts"];

/** Suites that nothing else may run beside. */
const lonely = [
  // They hold Sluice to a second.
  "test/fault/crash.test.ts",
  "test/fault/plugin-wedge.test.ts",
  // It takes all processors.
  "test/sandbox/isolated-vm/starved.test.ts",
];

export function runsAlone({ file }: Suite): boolean {
  return lonely.includes(file);
}

/** Every test file, sorted, the architecture first: it is quick and says most. */
export function findTestFiles(): string[] {
  const files = globSync("test/**/*.test.ts").sort();
  const isArchitecture = (file: string) => file.startsWith("test/architecture/");
  return [...files.filter(isArchitecture), ...files.filter((file) => !isArchitecture(file))];
}

/** The files a person named, by path or by a part of it (`wire`, `wire/head`); all without a name. */
export function selectFiles(files: readonly string[], names: readonly string[]): string[] {
  return files.filter((file) => names.length === 0 || names.some((name) => matches(file, name)));
}

/** The names that select nothing: mistyped, most likely. */
export function strayNames(files: readonly string[], names: readonly string[]): string[] {
  return names.filter((name) => !files.some((file) => matches(file, name)));
}

/** Each file on Node, then the runtime-neutral ones on Deno, and a few on the oldest Node. */
export function planSuites(files: readonly string[]): Suite[] {
  return [
    ...files.map((file): Suite => ({ file, runtime: "node" })),
    ...files.filter(isNeutral).map((file): Suite => ({ file, runtime: "deno" })),
    ...files
      .filter((file) => oldNodeSuites.includes(file))
      .map((file): Suite => ({ file, runtime: "node-24" })),
  ];
}

function isNeutral(file: string): boolean {
  const isForNode = [...nodeSuites.keys()].some((start) => file.startsWith(start));
  return !isForNode && neutralRooms.some((room) => file.startsWith(`test/${room}/`));
}

function matches(file: string, name: string): boolean {
  return file.includes(name.replace(/^\.\//, ""));
}
