import { runInRealms } from "./realms.ts";

await runInRealms("timers.checks.ts");
