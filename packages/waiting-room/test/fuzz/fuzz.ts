import { randomBelow, seededRandom } from '@onsale/kernel';
import type { RoomConnection } from '../../src/index.ts';
import { drawRoom, drawStep } from './draw-step.ts';
import type { Parting } from './shrink.ts';
import type { Twin } from './sides.ts';
import type { Step, Trace } from './steps.ts';
import { closeTwins, judge, openTwins, play } from './twins.ts';

/** Ends when either is used up. `ms` of real time: how many rooms that is depends on the machine; `rooms` does not. */
export type Budget = { readonly ms?: number; readonly rooms?: number };
/** `stepsBefore`: of the trace before it was shrunk. */
export type Failure = { readonly trace: Trace; readonly parting: Parting; readonly stepsBefore: number };
export type FuzzReport = { readonly rooms: number; readonly steps: number; readonly failure: Failure | null };

const STEPS_LEAST = 60;
const STEPS_SPREAD = 240;
/** How every room ends: retired as it stands, by its own epoch and another, before it is closed and after. */
const ENDING: readonly Step[] = [
  { verb: 'retire', epochOff: 0 }, { verb: 'configure', versionOff: 1, epochOff: 0, changes: { phase: 'closed' } },
  { verb: 'retire', epochOff: 1 }, { verb: 'retire', epochOff: 0 },
];

/** Plays random rooms until the budget is used up or the two part. Room k of a seed is the same on every machine. */
export async function fuzz(connection: RoomConnection, seed: string, { ms = Infinity, rooms = Infinity }: Budget, twin: Twin): Promise<FuzzReport> {
  const until = performance.now() + ms;
  let steps = 0;
  let played = 0;
  while (played < rooms && performance.now() < until) {
    const { trace, parting } = await playRoom(connection, `${seed}/${played}`, until, twin);
    played += 1;
    steps += trace.steps.length;
    if (parting !== null) return { rooms: played, steps, failure: { trace, parting, stepsBefore: trace.steps.length } };
  }
  return { rooms: played, steps, failure: null };
}

async function playRoom(connection: RoomConnection, seed: string, until: number, twin: Twin): Promise<{ trace: Trace; parting: Parting | null }> {
  const random = seededRandom(seed);
  const { temper, trace } = drawRoom(random);
  const twins = await openTwins(connection, trace, twin);
  const steps: Step[] = [];
  const whole = (): Trace => ({ ...trace, steps });
  try {
    const count = STEPS_LEAST + randomBelow(random, STEPS_SPREAD);
    const drawn = (): Step | undefined => (steps.length < count && performance.now() < until ? drawStep(random, twins, temper) : undefined);
    const ending = ENDING.values();
    for (let step = drawn() ?? ending.next().value; step !== undefined; step = drawn() ?? ending.next().value) {
      steps.push(step);
      const difference = await play(twins, step);
      if (difference !== null) return { trace: whole(), parting: { at: steps.length - 1, difference } };
    }
    const difference = await judge(twins);
    return { trace: whole(), parting: difference === null ? null : { at: steps.length, difference } };
  } finally {
    await closeTwins(twins);
  }
}

/** All that is needed to see it again: put the trace into a file and name it in ONSALE_TRACE. */
export function describeFailure({ trace, parting, stepsBefore }: Failure): string {
  const { at, difference } = parting;
  return [
    `scripts and model part at step ${at} of ${trace.steps.length} (before shrinking: ${stepsBefore}): ${difference.what}`,
    `redis: ${JSON.stringify(difference.redis)}`, `model: ${JSON.stringify(difference.model)}`,
    `trace: ${JSON.stringify(trace)}`,
  ].join('\n');
}
