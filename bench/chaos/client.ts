/** The load's own process: `node client.ts <SteadyLoad as JSON>`. Prints a line when it begins, and its result. */
import { type SteadyLoad, steadyLoad } from "./steady-load.ts";

process.stdin.resume().on("end", () => process.exit(0));
process.stdout.write("begins\n");
const result = await steadyLoad(JSON.parse(process.argv[2] as string) as SteadyLoad);
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
