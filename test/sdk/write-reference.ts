/** Writes the reference of what authors import: `npm run docs`. */
import { writeFileSync } from "node:fs";
import { referenceFile, renderReference } from "./reference.ts";

writeFileSync(referenceFile, renderReference());
