import t from "tap";
import { runHostileSuite } from "./suite.ts";

t.setTimeout(300_000);
await runHostileSuite("quickjs");
