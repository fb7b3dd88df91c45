import { runInRealms } from "./realms.ts";

await runInRealms("clone.checks.ts");
