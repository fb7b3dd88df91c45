import { runContract } from "./contract.ts";

await runContract("quickjs");
