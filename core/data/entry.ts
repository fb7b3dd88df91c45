import { extname } from "node:path";

/** The modules are `.ts` in the source tree and `.js` in the published package. */
const extension = extname(import.meta.url);

/** Module that the control process forks. */
export const processEntry = new URL(`./main${extension}`, import.meta.url);

/** Module that a reactor's thread runs. */
export const threadEntry = new URL(`./thread${extension}`, import.meta.url);
