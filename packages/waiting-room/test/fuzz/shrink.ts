import type { RoomConnection } from '../../src/index.ts';
import type { Difference } from './compare.ts';
import type { Twin } from './sides.ts';
import type { Step, Trace } from './steps.ts';
import { closeTwins, judge, openTwins, play } from './twins.ts';

/** Where a trace parts the two: `at` is the step's index, or the number of steps when the journal showed it at the end. */
export type Parting = { readonly at: number; readonly difference: Difference };

/** Plays a whole trace in a room of its own; null: alike throughout. */
export async function playTrace(connection: RoomConnection, trace: Trace, twin: Twin): Promise<Parting | null> {
  const twins = await openTwins(connection, trace, twin);
  try {
    for (const [at, step] of trace.steps.entries()) {
      const difference = await play(twins, step);
      if (difference !== null) return { at, difference };
    }
    const difference = await judge(twins);
    return difference === null ? null : { at: trace.steps.length, difference };
  } finally {
    await closeTwins(twins);
  }
}

/** Shrinking ends by then with what it has. */
export const SHRINK_MS_MAX = 15_000;

/** Drops steps, then fans named by steps, as long as scripts and model still part. Answers the shortest trace found, and where it parts. */
export async function shrink<Found extends { readonly trace: Trace; readonly parting: Parting }>(
  connection: RoomConnection, found: Found, twin: Twin, forMs: number = SHRINK_MS_MAX,
): Promise<Found> {
  const until = performance.now() + forMs;
  let shortest: Found = { ...found, trace: cut(found.trace, found.parting) };
  const tryOut = async (steps: readonly Step[]): Promise<boolean> => {
    const trace = { ...shortest.trace, steps };
    const parting = await playTrace(connection, trace, twin);
    if (parting !== null) shortest = { ...shortest, trace: cut(trace, parting), parting };
    return parting !== null;
  };
  await dropRuns(() => shortest.trace.steps, tryOut, until);
  for (let at = 0; at < shortest.trace.steps.length; at += 1) {
    const fansOf = (): readonly number[] => {
      const step = shortest.trace.steps[at];
      return step !== undefined && 'fans' in step ? step.fans : [];
    };
    const tryFans = (fans: readonly number[]): Promise<boolean> =>
      tryOut(shortest.trace.steps.map((step, index) => (index === at && 'fans' in step ? { ...step, fans } : step)));
    await dropRuns(fansOf, tryFans, until);
  }
  return shortest;
}

/**
 * Drops runs of items: halves first, then shorter runs, at last single items, until none can be dropped (after Zeller's delta debugging).
 * `isEnough` tries a shorter list and, if it will do, makes `present` answer it, or one shorter still.
 */
async function dropRuns<Item>(present: () => readonly Item[], isEnough: (fewer: readonly Item[]) => Promise<boolean>, until: number): Promise<void> {
  let size = Math.ceil(present().length / 2);
  while (size > 0 && performance.now() < until) {
    const before = present().length;
    // From the end, so that what a dropped item leaves without meaning has already been tried.
    for (let end = before; end > 0 && performance.now() < until; end -= size) {
      const items = present();
      const fewer = [...items.slice(0, Math.max(0, end - size)), ...items.slice(end)];
      if (fewer.length < items.length) await isEnough(fewer);
    }
    if (size === 1 && present().length === before) return;
    size = Math.max(Math.min(1, present().length), Math.floor(Math.min(size, present().length) / 2));
  }
}

/** What comes after the parting does not matter. */
const cut = (trace: Trace, { at }: Parting): Trace => ({ ...trace, steps: trace.steps.slice(0, at + 1) });
