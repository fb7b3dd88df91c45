/** The data process; its argument is the number of reactors. */
import { serveProcess } from "./serve.ts";

serveProcess(Number(process.argv[2] ?? 1));
