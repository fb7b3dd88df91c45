/** Files and the files they import. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/**
 * The import cycles that a depth-first walk meets: none means that the graph has none.
 * A cycle is listed from the file where it closes back to that file.
 */
export function findCycles(graph: ImportGraph): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (file: string) => {
    if (done.has(file)) return;
    const entry = trail.indexOf(file);
    if (entry >= 0) {
      cycles.push([...trail.slice(entry), file]);
      return;
    }
    trail.push(file);
    for (const imported of graph.get(file) ?? []) visit(imported);
    trail.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return cycles;
}
