/** Default values of what route-model.ts describes: the schema shows them, the loader applies them. */

/** Attributes of a cookie that assigns a client to a cluster. */
export const defaultSplitCookie = { path: "/", ttl: 0 } as const;

export const defaultRedirect = { status: 302, keepQuery: true } as const;

export const defaultRespond = { status: 200 } as const;
