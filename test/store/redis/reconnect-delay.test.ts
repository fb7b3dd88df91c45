import t from "tap";
import { reconnectDelay } from "../../../core/store/redis/reconnect-delay.ts";

const longest = (failures: number) => reconnectDelay(failures, () => 1);

t.test("the pause doubles from a tenth of a second to five", async (t) => {
  t.same([1, 2, 3, 6, 7, 8, 1000].map(longest), [100, 200, 400, 3200, 5000, 5000, 5000]);
});

t.test("half of it is waited for, the rest is random", async (t) => {
  t.equal(
    reconnectDelay(5, () => 0),
    800,
  );
  t.equal(
    reconnectDelay(5, () => 0.5),
    1200,
  );
});
