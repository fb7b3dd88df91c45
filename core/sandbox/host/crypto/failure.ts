import { HostCallError } from "../error.ts";

/**
 * Runs a step of the platform's crypto. What the runtime says about a failure differs from one to
 * the next and may show its insides, so the guest reads `name` and `message` instead.
 *
 * @throws HostCallError
 */
export async function orFailWith<T>(name: string, message: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw error instanceof HostCallError ? error : new HostCallError(name, message);
  }
}
