/**
 * The load generator's own process: `node client.ts <task as JSON>`. Prints one line and, when it
 * holds connections, keeps them until its stdin closes.
 */
import { drive } from "./drive.ts";
import { hold } from "./hold.ts";
import type { Load, Target } from "./load.ts";

export type ClientTask =
  | { readonly kind: "drive"; readonly load: Load; readonly target: Target; readonly seconds: number }
  | { readonly kind: "hold"; readonly load: Load; readonly target: Target; readonly count: number };

const task = JSON.parse(process.argv[2] as string) as ClientTask;
process.stdin.resume().on("end", () => process.exit(0));

if (task.kind === "drive") {
  const result = await drive(task.load, task.target, task.seconds);
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
} else {
  process.stdout.write(`${await hold(task.load, task.target, task.count)}\n`);
}
