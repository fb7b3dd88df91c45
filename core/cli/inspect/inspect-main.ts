/** The process that looks into plugins: their code runs here, and may end it. */
import { inspect } from "./inspect.ts";
import type { InspectionOrder } from "./inspection.ts";

process.once("message", async (order: InspectionOrder) => {
  const inspection = await inspect(order, (plugin, work) => process.send!({ plugin, work }));
  process.send!({ inspection }, () => process.exit(0));
});
