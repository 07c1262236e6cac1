/**
 * A supervised loop: does one thing again and again, never twice at once, and says how it fares.
 *
 *   waiting ── everyMs since the last start, or `kick` ──► running ── done ──► waiting
 *                                                            └── threw ──► backing off (doubling, ≤ backoffMaxMs, full jitter) ──► running
 *   any ── stop ──► (a run in progress finishes) ──► stopped
 *
 * A run that takes longer than `everyMs` is followed by the next one at once, but missed runs are not made up for.
 */
export type Loop = {
  /** Runs as soon as possible; a kick during a run causes one more run. */
  kick(): void;
  /** Resolves when the run in progress is over. */
  stop(): Promise<void>;
  health(): LoopHealth;
};
export type LoopHealth = {
  readonly name: string;
  /** False once no run has succeeded for `staleAfterMs`. */
  readonly healthy: boolean;
  readonly runs: number;
  readonly failures: number;
  readonly failuresInARow: number;
  readonly sinceSuccessMs: number;
  readonly lastRunMs: number;
};
export type LoopOptions = {
  readonly name: string;
  readonly everyMs: number;
  /** `signal` aborts when the loop is stopped: long runs may end early. */
  readonly run: (signal: AbortSignal) => Promise<unknown>;
  readonly onError: (error: unknown, name: string) => void;
  readonly backoffMaxMs?: number;
  readonly staleAfterMs?: number;
  readonly clock?: () => number;
  readonly random?: () => number;
};

const BACKOFF_MAX_MS = 5_000;
const BACKOFF_FIRST_MS = 50;
const STALE_AFTER_MS = 10_000;

export function startLoop({ name, everyMs, run, onError, ...options }: LoopOptions): Loop {
  const { backoffMaxMs = BACKOFF_MAX_MS, staleAfterMs = Math.max(STALE_AFTER_MS, 3 * everyMs) } = options;
  const { clock = () => performance.now(), random = Math.random } = options;
  const stopping = new AbortController();
  let runs = 0;
  let failures = 0;
  let failuresInARow = 0;
  let lastRunMs = 0;
  let succeededAt = clock();
  let kicked = false;
  let wake: (() => void) | undefined;

  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => { clearTimeout(timer); resolve(); };
    });
  const once = async (): Promise<number> => {
    const startedAt = clock();
    kicked = false;
    runs += 1;
    try {
      await run(stopping.signal);
      succeededAt = clock();
      failuresInARow = 0;
    } catch (error) {
      if (stopping.signal.aborted) return 0;
      failures += 1;
      failuresInARow += 1;
      onError(error, name);
    }
    lastRunMs = clock() - startedAt;
    if (failuresInARow > 0) return backoff(failuresInARow, backoffMaxMs, random);
    return kicked ? 0 : Math.max(0, everyMs - lastRunMs);
  };
  const going = (async () => {
    while (!stopping.signal.aborted) {
      const pauseMs = await once();
      // Even without a pause the event loop turns, so a busy loop never starves the rest of the process.
      if (!stopping.signal.aborted) await wait(kicked ? 0 : pauseMs);
    }
  })();
  return {
    kick: () => { kicked = true; if (failuresInARow === 0) wake?.(); },
    stop: () => { stopping.abort(); wake?.(); return going; },
    health: () => {
      const sinceSuccessMs = clock() - succeededAt;
      return { name, healthy: sinceSuccessMs < staleAfterMs, runs, failures, failuresInARow, sinceSuccessMs, lastRunMs };
    },
  };
}

/** Full jitter: many processes that failed together don't return together. */
function backoff(failuresInARow: number, maxMs: number, random: () => number): number {
  const ceiling = Math.min(maxMs, BACKOFF_FIRST_MS * 2 ** Math.min(failuresInARow, 20));
  return ceiling / 2 + (random() * ceiling) / 2;
}
