import { rateLimit } from "./rate-limit.ts";

export type { RateLimitOptions } from "./rate-limit.ts";
export { rateLimit };
export default rateLimit();
