import { runInRealms } from "./realms.ts";

await runInRealms("abort.checks.ts");
