import { breaker } from "./breaker.ts";

export type { Refusal } from "./call.ts";
export type { BreakerOptions } from "./fallback.ts";
export { breaker };
export default breaker();
