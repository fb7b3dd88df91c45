import { runInRealms } from "./realms.ts";

await runInRealms("response.checks.ts");
