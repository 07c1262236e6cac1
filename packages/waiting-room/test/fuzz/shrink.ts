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

/**
 * Drops steps as long as the two still part: halves first, then smaller runs of steps, at last single ones (delta debugging,
 * Zeller). Answers the shortest trace found, and where it parts.
 */
export async function shrink<Found extends { readonly trace: Trace; readonly parting: Parting }>(
  connection: RoomConnection, found: Found, twin: Twin, forMs: number = SHRINK_MS_MAX,
): Promise<Found> {
  const until = performance.now() + forMs;
  let shortest: Found = { ...found, trace: cut(found.trace, found.parting) };
  let size = Math.ceil(shortest.trace.steps.length / 2);
  while (performance.now() < until) {
    const before = shortest.trace.steps.length;
    // From the end, so that what a dropped step leaves without meaning has already been tried.
    for (let end = before; end > 0 && performance.now() < until; end -= size) {
      const { steps } = shortest.trace;
      const fewer: Step[] = [...steps.slice(0, Math.max(0, end - size)), ...steps.slice(end)];
      const candidate = { ...shortest.trace, steps: fewer };
      const parting = fewer.length < steps.length ? await playTrace(connection, candidate, twin) : null;
      if (parting !== null) shortest = { ...shortest, trace: cut(candidate, parting), parting };
    }
    if (size === 1 && shortest.trace.steps.length === before) break;
    size = Math.max(1, Math.floor(Math.min(size, shortest.trace.steps.length) / 2));
  }
  return shortest;
}

/** What comes after the parting does not matter. */
const cut = (trace: Trace, { at }: Parting): Trace => ({ ...trace, steps: trace.steps.slice(0, at + 1) });
