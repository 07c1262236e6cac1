import { SECOND_MS, type MonotonicClock, type Sleep } from './clock.ts';
import type { FailureLimiter } from './failure-limiter.ts';

/**
 * Checks of what somebody shows as proof (a signature, a key, a password), when a check costs something. The check comes first and its answer
 * decides: a sound proof passes whoever has failed beside it, and only a forged one counts. What checks may cost is bounded for all
 * together, and who has failed too often waits behind those who have not.
 *
 *   asked ──► waiting, by source ──► checked ── sound ──► the answer
 *     └── full: `busy`                 │         └── forged: counted; past the allowance the answer comes with a time to wait
 *                                      └── our own fault (throws): not counted
 *
 * At most `atOnce` checks run and sources take turns. A source past its allowance is a suspect: of all suspects one is checked at a time, when
 * nobody else waits for the slot, with `suspectPauseMs` between two. When `waitingMax` wait, the source with most of them gives one up; nobody
 * waits longer than `waitMaxMs`.
 */
export type ProofChecks = {
  check<Answer>(source: string, work: () => Promise<Answer>, isForged: (answer: Answer) => boolean): Promise<Checked<Answer>>;
  readonly waiting: number;
};
export type Checked<Answer> =
  /** `waitMs`: 0 unless the proof was forged and its source is past its allowance. */
  | { readonly kind: 'checked'; readonly answer: Answer; readonly waitMs: number }
  /** No room, or no turn in time. `waitMs`: 0 unless its source is past its allowance, or was while it waited. */
  | { readonly kind: 'busy'; readonly waitMs: number };

export type ProofCheckBounds = {
  readonly atOnce: number;
  readonly waitingMax: number;
  readonly waitMaxMs: number;
  readonly suspectsWaitingMax: number;
  readonly suspectPauseMs: number;
};
export type ProofCheckOptions = ProofCheckBounds & {
  readonly failures: Pick<FailureLimiter, 'waitOf' | 'fail'>;
  readonly clock: MonotonicClock;
  readonly sleep: Sleep;
};

/** `isHeldBack`: its source was past its allowance while it waited, which is why its turn did not come. */
type Waiting = { readonly run: () => Promise<void>; readonly giveUp: () => void; isHeldBack: boolean };
/** Who was held back, and has an allowance again by the time it gives up, is told to wait this long. */
const HELD_BACK_RETRY_MS = SECOND_MS;

export function createProofChecks({ failures, clock, sleep, ...bounds }: ProofCheckOptions): ProofChecks {
  const queues = createTurns<Waiting>();
  let running = 0;
  let isSuspectsTurnTaken = false;
  const isSuspect = (source: string): boolean => failures.waitOf(source, clock()) > 0;

  const startNext = (): void => {
    while (running < bounds.atOnce) {
      const good = queues.firstOf((source) => !isSuspect(source));
      const source = good ?? (isSuspectsTurnTaken ? undefined : queues.firstOf(() => true));
      const work = source === undefined ? undefined : queues.takeOldest(source);
      if (work === undefined) return;
      running += 1;
      if (good === undefined) isSuspectsTurnTaken = true;
      void work.run().then(() => {
        running -= 1;
        if (good === undefined) endSuspectsTurn();
        startNext();
      });
    }
  };
  const endSuspectsTurn = (): void => {
    void sleep(bounds.suspectPauseMs).then(() => {
      isSuspectsTurnTaken = false;
      startNext();
    });
  };
  return {
    check: (source, work, isForged) =>
      new Promise((resolve, reject) => {
        const run = (): Promise<void> =>
          work().then((answer) => {
            const [forged, wasSuspect] = [isForged(answer), isSuspect(source)];
            if (forged) failures.fail(source, clock());
            // Who has just become a suspect has no more waiting than suspects may.
            if (forged && isSuspect(source)) {
              for (const late of queues.takeBeyond(source, bounds.suspectsWaitingMax)) late.giveUp();
              for (const held of queues.of(source)) held.isHeldBack = true;
            }
            resolve({ kind: 'checked', answer, waitMs: forged && wasSuspect ? failures.waitOf(source, clock()) : 0 });
          }).catch(reject);
        const entry: Waiting = {
          run,
          giveUp: () => resolve({ kind: 'busy', waitMs: failures.waitOf(source, clock()) || (entry.isHeldBack ? HELD_BACK_RETRY_MS : 0) }),
          isHeldBack: isSuspect(source),
        };
        if (!makeRoom(queues, source, isSuspect, bounds)) return entry.giveUp();
        queues.add(source, entry);
        startNext();
        // Most are started at once and need no timer.
        if (queues.has(source, entry)) void sleep(bounds.waitMaxMs).then(() => { if (queues.remove(source, entry)) entry.giveUp(); });
      }),
    get waiting() {
      return queues.size;
    },
  };
}

/** False: there is no room for one more of this source. */
function makeRoom(queues: Turns, source: string, isSuspect: (source: string) => boolean, { suspectsWaitingMax, waitingMax }: ProofCheckBounds): boolean {
  if (isSuspect(source) && queues.sizeOf(isSuspect) >= suspectsWaitingMax) return false;
  if (queues.size < waitingMax) return true;
  const largest = queues.largest();
  if (largest === undefined || queues.sizeOf((other) => other === largest) <= queues.sizeOf((other) => other === source)) return false;
  queues.takeNewest(largest)?.giveUp();
  return true;
}

type Turns = ReturnType<typeof createTurns<Waiting>>;
/** Queues by source that take turns: one that has been taken from goes to the end. */
function createTurns<Item>() {
  const queues = new Map<string, Item[]>();
  let size = 0;
  const take = (source: string, at: number): Item | undefined => {
    const queue = queues.get(source);
    const [item] = queue?.splice(at, 1) ?? [];
    if (queue === undefined || item === undefined) return undefined;
    queues.delete(source);
    if (queue.length > 0) queues.set(source, queue);
    size -= 1;
    return item;
  };
  const positionOf = (source: string, item: Item): number => queues.get(source)?.indexOf(item) ?? -1;
  return {
    get size() {
      return size;
    },
    add(source: string, item: Item): void {
      const queue = queues.get(source) ?? [];
      queue.push(item);
      queues.set(source, queue);
      size += 1;
    },
    takeOldest: (source: string) => take(source, 0),
    takeNewest: (source: string) => take(source, -1),
    takeBeyond(source: string, max: number): Item[] {
      const beyond: Item[] = [];
      while ((queues.get(source)?.length ?? 0) > max) beyond.push(take(source, -1) as Item);
      return beyond;
    },
    of: (source: string): readonly Item[] => queues.get(source) ?? [],
    has: (source: string, item: Item): boolean => positionOf(source, item) !== -1,
    remove(source: string, item: Item): boolean {
      const at = positionOf(source, item);
      return at !== -1 && take(source, at) !== undefined;
    },
    firstOf(wanted: (source: string) => boolean): string | undefined {
      for (const source of queues.keys()) if (wanted(source)) return source;
      return undefined;
    },
    sizeOf(wanted: (source: string) => boolean): number {
      let sum = 0;
      for (const [source, { length }] of queues) if (wanted(source)) sum += length;
      return sum;
    },
    largest(): string | undefined {
      let most: string | undefined;
      for (const [source, { length }] of queues) if (most === undefined || length > (queues.get(most)?.length ?? 0)) most = source;
      return most;
    },
  };
}
