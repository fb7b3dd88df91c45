import { breaker } from "./breaker.ts";

export type { BreakerOptions, Refusal } from "./breaker.ts";
export { breaker };
export default breaker();
