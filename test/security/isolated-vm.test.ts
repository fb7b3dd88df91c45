import { runHostileSuite } from "./suite.ts";

await runHostileSuite("isolated-vm");
