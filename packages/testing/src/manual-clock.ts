/** Time that only the test moves. Wall and monotonic time advance together; only the wall can be set back. */
export type ManualClock = {
  readonly wall: () => number;
  readonly monotonic: () => number;
  /** Resolves when the clock has been advanced by `ms`, or at once when `signal` aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Moves both clocks forward and wakes who slept long enough, in order of their deadlines; waits until they have run. */
  advance(ms: number): Promise<void>;
  /** An operator, or NTP, sets the wall clock. */
  setWall(ms: number): void;
  readonly sleepers: number;
};

type Sleeper = { readonly dueMs: number; readonly wake: () => void };

export const CLOCK_START_MS = Date.UTC(2026, 0, 1, 12);

export function manualClock(startMs: number = CLOCK_START_MS): ManualClock {
  let wall = startMs;
  let monotonic = 0;
  const sleepers = new Set<Sleeper>();
  const moveTo = (to: number): void => {
    wall += to - monotonic;
    monotonic = to;
  };
  return {
    wall: () => wall,
    monotonic: () => monotonic,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const sleeper: Sleeper = { dueMs: monotonic + Math.max(0, ms), wake: () => { sleepers.delete(sleeper); resolve(); } };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', sleeper.wake, { once: true });
      }),
    async advance(ms) {
      if (!(ms >= 0)) throw new Error('monotonic time does not step back');
      const end = monotonic + ms;
      for (;;) {
        const due = [...sleepers].filter(({ dueMs }) => dueMs <= end).toSorted((one, other) => one.dueMs - other.dueMs)[0];
        if (due === undefined) break;
        moveTo(Math.max(monotonic, due.dueMs));
        due.wake();
        await new Promise(setImmediate);
      }
      moveTo(end);
      await new Promise(setImmediate);
    },
    setWall: (ms) => { wall = ms; },
    get sleepers() { return sleepers.size; },
  };
}
