/** How important a request is: 0 is kept longest, 3 goes first. */
export type Priority = 0 | 1 | 2 | 3;

export const priorities: readonly Priority[] = [0, 1, 2, 3];

/** Share of a limit that is open to each: above it there is room for what is more important. */
const shares = [1, 0.9, 0.8, 0.7] as const;

/**
 * How many of the places of a limit a priority finds open. At least one is kept for each that is more important, and
 * one is open to everybody, or what comes last would never learn that there is room again.
 *
 * @example
 * openTo(0, 20); // 20
 * openTo(3, 20); // 14
 */
export function openTo(priority: Priority, limit: number): number {
  return Math.max(1, Math.min(Math.floor(limit * shares[priority]), limit - priority));
}

/**
 * The priority that a text says, or null when it says none.
 *
 * @example
 * parsePriority("2"); // 2
 */
export function parsePriority(text: string): Priority | null {
  return /^[0-3]$/.test(text) ? (Number(text) as Priority) : null;
}
