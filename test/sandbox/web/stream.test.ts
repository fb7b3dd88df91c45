import { runInRealms } from "./realms.ts";

await runInRealms("stream.checks.ts");
