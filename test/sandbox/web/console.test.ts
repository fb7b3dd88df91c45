import { runInRealms } from "./realms.ts";

await runInRealms("console.checks.ts");
