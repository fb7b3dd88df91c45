import { runHostileSuite } from "./suite.ts";

await runHostileSuite("inline");
