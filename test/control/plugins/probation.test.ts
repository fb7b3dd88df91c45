import t from "tap";
import { doesWorse } from "../../../core/control/plugins/probation.ts";

t.test(
  "a generation does worse with five faults, a tenth of the requests, and twice the old share",
  async (t) => {
    const none = { faults: 0, requests: 1000 };
    t.equal(doesWorse({ faults: 5, requests: 20 }, none), true);
    t.equal(doesWorse({ faults: 4, requests: 4 }, none), false, "four say nothing");
    t.equal(doesWorse({ faults: 100, requests: 1000 }, none), false, "a tenth is bearable");
    t.equal(doesWorse({ faults: 101, requests: 1000 }, none), true);
    t.equal(
      doesWorse({ faults: 30, requests: 100 }, { faults: 20, requests: 100 }),
      false,
      "it was bad before",
    );
    t.equal(doesWorse({ faults: 50, requests: 100 }, { faults: 20, requests: 100 }), true);
    t.equal(
      doesWorse({ faults: 6, requests: 0 }, { faults: 0, requests: 0 }),
      true,
      "requests are still open",
    );
  },
);
