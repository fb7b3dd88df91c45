/**
 * What the service says that a request did cost.
 *
 * @param most more is counted as this
 * @returns null: it says nothing, or nothing that can be a cost
 * @example
 * costIn("1e99", 100); // null
 * costIn("250", 100); // 100
 */
export function costIn(field: string | null, most: number): number | null {
  if (field === null || !/^\d{1,15}(?:\.\d{1,6})?$/.test(field)) return null;
  return Math.min(Number(field), most);
}
