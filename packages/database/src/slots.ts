import { DatabaseAway, DatabaseBusy } from './failures.ts';

/**
 * The bound of a pool: `count` slots, at most `queueMax` callers waiting for one, none longer than `waitMs`.
 *
 *   take ── free slot ──► taken ── give ──► the longest waiting caller, or free
 *     ├── none free, queue not full ──► waiting ── waitMs over ──► DatabaseBusy 'waited-too-long'
 *     └── queue full ──► DatabaseBusy 'queue-full'
 */
export type Slots = {
  take(): Promise<void>;
  give(): void;
  /** Turns every waiting caller away. */
  close(): void;
  readonly gauges: () => { readonly lent: number; readonly waiting: number; readonly refused: number };
};
export type SlotsConfig = { readonly pool: string; readonly count: number; readonly queueMax: number; readonly waitMs: number };

type Waiting = { readonly take: () => void; readonly refuse: (error: Error) => void; readonly timer: NodeJS.Timeout };

export function createSlots({ pool, count, queueMax, waitMs }: SlotsConfig): Slots {
  const waiting = new Set<Waiting>();
  let lent = 0;
  let refused = 0;

  const busy = (reason: DatabaseBusy['reason']): DatabaseBusy => {
    refused += 1;
    return new DatabaseBusy(reason, `pool ${pool}`);
  };
  const wait = (): Promise<void> =>
    new Promise((resolve, reject) => {
      // After a long turn of the event loop the timers come first: what has arrived meanwhile may give the slot, and is heard before.
      const timer = setTimeout(() => setImmediate(() => {
        if (waiting.delete(caller)) reject(busy('waited-too-long'));
      }), waitMs);
      const caller: Waiting = { take: resolve, refuse: reject, timer };
      waiting.add(caller);
    });
  return {
    async take() {
      if (lent >= count) {
        if (waiting.size >= queueMax) throw busy('queue-full');
        return wait();
      }
      lent += 1;
    },
    /** The slot goes straight to the longest waiting caller, so a newcomer never overtakes. */
    give() {
      const [caller] = waiting;
      if (caller === undefined) {
        lent -= 1;
        return;
      }
      waiting.delete(caller);
      clearTimeout(caller.timer);
      caller.take();
    },
    close() {
      for (const { timer, refuse } of waiting) {
        clearTimeout(timer);
        refuse(new DatabaseAway('the pool is closed'));
      }
      waiting.clear();
    },
    gauges: () => ({ lent, waiting: waiting.size, refused }),
  };
}
