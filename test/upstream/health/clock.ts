/** A clock that the test moves, in ms. */
export interface TestClock {
  readonly now: () => number;
  pass(ms: number): void;
}

export function testClock(start = 1_000_000): TestClock {
  let time = start;
  return {
    now: () => time,
    pass(ms) {
      time += ms;
    },
  };
}
