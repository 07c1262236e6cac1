/** Lets `parties` callers go on only when all of them have arrived: the race then starts in one turn of the event loop. */
export type RaceBarrier = { arrive(): Promise<void>; readonly waiting: number };

const BARRIER_MS = 10_000;

/** A barrier that is not full after ten seconds rejects everybody who waits, naming how many came. Reusable once it has opened. */
export function raceBarrier(parties: number, withinMs = BARRIER_MS): RaceBarrier {
  if (!Number.isInteger(parties) || parties < 1) throw new Error('a barrier needs at least one party');
  let waiting: Array<{ open: () => void; fail: (error: Error) => void }> = [];
  let timer: NodeJS.Timeout | undefined;
  const settle = (error?: Error): void => {
    clearTimeout(timer);
    timer = undefined;
    const all = waiting;
    waiting = [];
    for (const { open, fail } of all) error === undefined ? open() : fail(error);
  };
  return {
    arrive: () =>
      new Promise<void>((open, fail) => {
        waiting.push({ open, fail });
        if (waiting.length === parties) settle();
        else timer ??= setTimeout(() => settle(new Error(`only ${waiting.length} of ${parties} came to the barrier`)), withinMs);
      }),
    get waiting() { return waiting.length; },
  };
}

/** Runs all acts from one barrier and gives how each ended; none is cut short by another's failure. */
export async function race<Value>(acts: ReadonlyArray<() => Promise<Value>>): Promise<Array<PromiseSettledResult<Value>>> {
  const barrier = raceBarrier(acts.length);
  return Promise.allSettled(acts.map(async (act) => {
    await barrier.arrive();
    return act();
  }));
}
