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
 * At most `atOnce` checks run and sources take turns. Who is past the allowance is a suspect: of all suspects one is checked at a time, when
 * nobody else waits for the slot, with `suspectPauseMs` between two. When `waitingMax` wait, or `suspectsWaitingMax` suspects, the source with most
 * of them gives one up; nobody waits longer than `waitMaxMs`.
 *
 * Failures are counted by `who`, which is the source unless `sourceOf` says otherwise: of several from one source each has its count, and all
 * have one turn and one share of the room together, which they share in the same way.
 */
export type ProofChecks = {
  check<Answer>(who: string, work: () => Promise<Answer>, isForged: (answer: Answer) => boolean): Promise<Checked<Answer>>;
  readonly waiting: number;
};
export type Checked<Answer> =
  /** `waitMs`: 0 unless the proof was forged by who is past the allowance. */
  | { readonly kind: 'checked'; readonly answer: Answer; readonly waitMs: number }
  /** No room, or no turn in time. `waitMs`: 0 unless who asked is past the allowance, or was while it waited. */
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
  readonly sourceOf?: (who: string) => string;
};

/** `isHeldBack`: a suspect's while it waited, which is why its turn did not come. */
type Waiting = { readonly run: () => Promise<void>; readonly giveUp: () => void; isHeldBack: boolean };
/** Who was held back, and has an allowance again by the time it gives up, is told to wait this long. */
const HELD_BACK_RETRY_MS = SECOND_MS;

export function createProofChecks({ failures, clock, sleep, sourceOf = (who) => who, ...bounds }: ProofCheckOptions): ProofChecks {
  const queues = createTurns<Waiting>(sourceOf);
  let running = 0;
  let isSuspectsTurnTaken = false;
  const isSuspect = (who: string): boolean => failures.waitOf(who, clock()) > 0;

  const startNext = (): void => {
    while (running < bounds.atOnce) {
      const good = queues.firstOf((who) => !isSuspect(who));
      const who = good ?? (isSuspectsTurnTaken ? undefined : queues.firstOf(everybody));
      const work = who === undefined ? undefined : queues.takeOldest(who);
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
  /** Who has just become a suspect waits among suspects, of whom no more wait than may. */
  const holdSuspectsBack = (): void => {
    while (queues.sizeOf(isSuspect) > bounds.suspectsWaitingMax) queues.takeNewest(queues.fullest(isSuspect) as string)?.giveUp();
    for (const held of queues.itemsOf(isSuspect)) held.isHeldBack = true;
  };
  return {
    check: (who, work, isForged) =>
      new Promise((resolve, reject) => {
        const run = (): Promise<void> =>
          work().then((answer) => {
            const [forged, wasSuspect] = [isForged(answer), isSuspect(who)];
            if (forged) failures.fail(who, clock());
            if (forged && isSuspect(who)) holdSuspectsBack();
            resolve({ kind: 'checked', answer, waitMs: forged && wasSuspect ? failures.waitOf(who, clock()) : 0 });
          }).catch(reject);
        const entry: Waiting = {
          run,
          giveUp: () => resolve({ kind: 'busy', waitMs: failures.waitOf(who, clock()) || (entry.isHeldBack ? HELD_BACK_RETRY_MS : 0) }),
          isHeldBack: isSuspect(who),
        };
        if (!makeRoom(queues, who, isSuspect, bounds)) return entry.giveUp();
        queues.add(who, entry);
        startNext();
        // Most are started at once and need no timer.
        if (queues.has(who, entry)) void sleep(bounds.waitMaxMs).then(() => { if (queues.remove(who, entry)) entry.giveUp(); });
      }),
    get waiting() {
      return queues.size;
    },
  };
}

const everybody = (): boolean => true;

/** False: there is no room for one more of these. Whoever has two more than who asks gives one up, so that nobody is kept out by another's many. */
function makeRoom(queues: Turns, who: string, isSuspect: (who: string) => boolean, { suspectsWaitingMax, waitingMax }: ProofCheckBounds): boolean {
  const noRoomAmongSuspects = isSuspect(who) && queues.sizeOf(isSuspect) >= suspectsWaitingMax;
  if (!noRoomAmongSuspects && queues.size < waitingMax) return true;
  const among = noRoomAmongSuspects ? isSuspect : everybody;
  const fullest = queues.fullest(among);
  if (fullest === undefined || queues.lead(fullest, who, among) < 2) return false;
  queues.takeNewest(fullest)?.giveUp();
  return true;
}

type Turns = ReturnType<typeof createTurns<Waiting>>;
/** Queues by source, and in each by who asks, that take turns: what has been taken from goes to the end. */
function createTurns<Item>(sourceOf: (who: string) => string) {
  const sources = new Map<string, Map<string, Item[]>>();
  let size = 0;
  const queueOf = (who: string): Item[] => sources.get(sourceOf(who))?.get(who) ?? [];
  const put = (who: string, queue: Item[]): void => {
    const source = sourceOf(who);
    const queues = sources.get(source) ?? new Map<string, Item[]>();
    queues.delete(who);
    if (queue.length > 0) queues.set(who, queue);
    sources.delete(source);
    if (queues.size > 0) sources.set(source, queues);
  };
  const take = (who: string, at: number): Item | undefined => {
    const queue = queueOf(who);
    const [item] = queue.splice(at, 1);
    if (item === undefined) return undefined;
    put(who, queue);
    size -= 1;
    return item;
  };
  return {
    get size() {
      return size;
    },
    add(who: string, item: Item): void {
      const queues = sources.get(sourceOf(who)) ?? new Map<string, Item[]>();
      const queue = queues.get(who) ?? [];
      queue.push(item);
      queues.set(who, queue);
      sources.set(sourceOf(who), queues);
      size += 1;
    },
    takeOldest: (who: string) => take(who, 0),
    takeNewest: (who: string) => take(who, -1),
    has: (who: string, item: Item): boolean => queueOf(who).includes(item),
    remove(who: string, item: Item): boolean {
      const at = queueOf(who).indexOf(item);
      return at !== -1 && take(who, at) !== undefined;
    },
    firstOf: (wanted: Wanted): string | undefined => queuesOf(sources, wanted).next().value?.[0],
    itemsOf: (wanted: Wanted): readonly Item[] => [...queuesOf(sources, wanted)].flatMap(([, queue]) => queue),
    sizeOf(wanted: Wanted): number {
      let sum = 0;
      for (const [, { length }] of queuesOf(sources, wanted)) sum += length;
      return sum;
    },
    fullest: (wanted: Wanted) => fullestOf(sources, wanted),
    /** By how many more of those who are wanted wait of this one's source than of the other's; of one source, of this one than of the other. */
    lead(who: string, other: string, wanted: Wanted): number {
      const [source, otherSource] = [sourceOf(who), sourceOf(other)];
      if (source === otherSource) return queueOf(who).length - queueOf(other).length;
      return fullestIn(sources.get(source), wanted).sum - fullestIn(sources.get(otherSource), wanted).sum;
    },
  };
}

type Wanted = (who: string) => boolean;
type Queues = ReadonlyMap<string, readonly unknown[]>;

function* queuesOf<Item>(sources: ReadonlyMap<string, ReadonlyMap<string, Item[]>>, wanted: Wanted): Generator<readonly [who: string, queue: readonly Item[]]> {
  for (const queues of sources.values()) for (const [who, queue] of queues) if (wanted(who)) yield [who, queue];
}

/** Of the source with most of those who are wanted, who has most. */
function fullestOf(sources: ReadonlyMap<string, Queues>, wanted: Wanted): string | undefined {
  let [most, fullest]: [number, string | undefined] = [0, undefined];
  for (const queues of sources.values()) {
    const { sum, who } = fullestIn(queues, wanted);
    if (sum > most) [most, fullest] = [sum, who];
  }
  return fullest;
}

/** Of one source: how many of those who are wanted wait, and who has most. */
function fullestIn(queues: Queues = new Map(), wanted: Wanted): { readonly sum: number; readonly who: string | undefined } {
  let [sum, most, fullest]: [number, number, string | undefined] = [0, 0, undefined];
  for (const [who, { length }] of queues) {
    if (!wanted(who)) continue;
    sum += length;
    if (length > most) [most, fullest] = [length, who];
  }
  return { sum, who: fullest };
}
