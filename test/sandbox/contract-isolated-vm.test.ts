import { runContract } from "./contract.ts";

await runContract("isolated-vm");
