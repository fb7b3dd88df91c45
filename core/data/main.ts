/**
 * The data process. Its arguments are the number of reactors and, where there are plugins, for how many ms each
 * entry into a guest is traced.
 */
import { serveProcess } from "./serve.ts";

const [reactors, exactTrace] = process.argv.slice(2);
serveProcess(Number(reactors ?? 1), exactTrace === undefined ? null : Number(exactTrace));
