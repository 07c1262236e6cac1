import { randomBelow, seededRandom } from '@onsale/kernel';
import type { RoomConnection } from '../../src/index.ts';
import { drawRoom, drawStep } from './draw-step.ts';
import { shrink, type Parting } from './shrink.ts';
import type { Twin } from './sides.ts';
import type { Step, Trace } from './steps.ts';
import { closeTwins, judge, openTwins, play } from './twins.ts';

export type FuzzReport = {
  readonly rooms: number;
  readonly steps: number;
  /** How often each reply occurred, by 'verb word': what the fuzz really reached. */
  readonly failure: { readonly trace: Trace; readonly parting: Parting; readonly stepsBefore: number } | null;
};

const STEPS_LEAST = 60;
const STEPS_SPREAD = 240;

/** Plays random rooms until `forMs` have passed or the two part; then shrinks. Room k of a seed is the same on every machine. */
export async function fuzz(connection: RoomConnection, seed: string, forMs: number, twin: Twin): Promise<FuzzReport> {
  const until = performance.now() + forMs;
  let steps = 0;
  for (let rooms = 0; ; rooms += 1) {
    if (performance.now() >= until) return { rooms, steps, failure: null };
    const played = await playRoom(connection, `${seed}/${rooms}`, until, twin);
    steps += played.trace.steps.length;
    if (played.parting === null) continue;
    const shortest = await shrink(connection, played.trace, played.parting, twin);
    return { rooms: rooms + 1, steps, failure: { ...shortest, stepsBefore: played.trace.steps.length } };
  }
}

async function playRoom(connection: RoomConnection, seed: string, until: number, twin: Twin): Promise<{ trace: Trace; parting: Parting | null }> {
  const random = seededRandom(seed);
  const { temper, trace } = drawRoom(random);
  const twins = await openTwins(connection, trace, twin);
  const steps: Step[] = [];
  const whole = (): Trace => ({ ...trace, steps });
  try {
    const count = STEPS_LEAST + randomBelow(random, STEPS_SPREAD);
    while (steps.length < count && performance.now() < until) {
      const step = drawStep(random, twins, temper);
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
export function describeFailure({ trace, parting, stepsBefore }: NonNullable<FuzzReport['failure']>): string {
  const { at, difference } = parting;
  return [
    `scripts and model part at step ${at} of ${trace.steps.length} (before shrinking: ${stepsBefore}): ${difference.what}`,
    `redis: ${JSON.stringify(difference.redis)}`, `model: ${JSON.stringify(difference.model)}`,
    `trace: ${JSON.stringify(trace)}`,
  ].join('\n');
}
