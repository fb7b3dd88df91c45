/**
 * Whether an answer with no records means for sure that there are none: Deno says ENOTFOUND as well when the name
 * server fails (SERVFAIL) or refuses (REFUSED).
 */
export const isSureOfNone = false;
