import { pick, randomBelow, shuffled, type Place, type Random } from '@onsale/kernel';
import { BATCH_MAX, LIMITS, PHASES, type RoomSettings } from '../../src/index.ts';
import type { ModelData } from '../../src/model/index.ts';
import { BEGAN_MS, OTHER_EPOCH, type Step, type Trace, type Who } from './steps.ts';
import type { Twins } from './twins.ts';

/* Draws rooms and steps. It looks at the model to try what may succeed more often than chance would; what it draws is concrete. */

/** A room of one temper: few fans and much happening to each, or a crowd. `quiet`: steps left of a spell in which nobody gives a sign of life. */
export type Temper = { readonly fans: number; readonly isCrowd: boolean; quiet: number };

const chance = (random: Random, share: number): boolean => random() < share;

export function drawRoom(random: Random): { readonly temper: Temper; readonly trace: Omit<Trace, 'steps'> } {
  const isCrowd = chance(random, 0.35);
  // Now and then more than one script run may take.
  const crowd = chance(random, 0.1) ? BATCH_MAX + randomBelow(random, 100) : 30 + randomBelow(random, 60);
  const settings: Partial<RoomSettings> = {
    phase: chance(random, 0.95) ? 'open' : 'scheduled',
    opensAtMs: chance(random, 0.7) ? BEGAN_MS + randomBelow(random, 20_000) : null,
    ratePerMinute: drawRate(random), capacity: drawCapacity(random),
    callMs: pick(random, [100, 500, 1_000, 5_000, 60_000]), entryTokenMs: pick(random, [100, 1_000, 5_000, 180_000]),
    sessionMaxMs: pick(random, [100, 2_000, 20_000, 1_500_000]), maxMisses: pick(random, [1, 2, 2, 3]),
    absentAfterMs: pick(random, [400, 1_000, 4_001, 20_000, 120_000]), rejoin: chance(random, 0.8),
  };
  // A crowd in line that calls do not disperse at once: else nobody is left who could fall silent.
  const slow = {
    ratePerMinute: pick(random, [6, 30, 60, 60, null]), capacity: pick(random, [null, 5, 50]), absentAfterMs: pick(random, [1_000, 4_001, 60_000]),
  };
  return {
    temper: { fans: isCrowd ? crowd : 2 + randomBelow(random, 15), isCrowd, quiet: 0 },
    trace: { settings: isCrowd ? { ...settings, ...slow } : settings, isForging: chance(random, 0.3) },
  };
}

const drawRate = (random: Random): number | null => pick(random, [null, 0, 1, 7, 60, 600, 600, 6_000, 100_000]);
const drawCapacity = (random: Random): number | null => pick(random, [null, null, 0, 1, 2, 5, 20, 1_000]);

type Draw = (random: Random, twins: Twins, temper: Temper) => Step;
const STEPS: readonly (readonly [weight: number, draw: Draw])[] = [
  [30, drawTick],
  [12, () => ({ verb: 'sweep' })],
  [10, (random, _, temper) => ({ verb: 'join', fans: drawFans(random, temper) })],
  [9, (random, _, temper) => ({ verb: 'keep', fans: chance(random, 0.1) ? [...drawFans(random, temper).slice(1), OTHER_EPOCH] : drawFans(random, temper) })],
  [12, (random, twins, temper) => ({
    verb: 'enter', ...who(random, twins, temper, ['called', 'called', 'entered', 'redeemed', 'missed']), key: drawKey(random), kid: pick(random, ['k1', 'k2']),
  })],
  [10, (random, twins, temper) => ({
    verb: 'redeem', ...who(random, twins, temper, ['entered', 'entered', 'redeemed', 'called', 'lapsed']), key: drawKey(random),
    callNoOff: chance(random, 0.2) ? 1 : 0, epochOff: chance(random, 0.1) ? 1 : 0,
  })],
  [3, (random, twins, temper) => ({ verb: 'finish', ...who(random, twins, temper, ['redeemed', 'redeemed', 'entered', 'waiting']) })],
  [3, (random, twins, temper) => ({ verb: 'leave', ...who(random, twins, temper, ['waiting', 'absent', 'called', 'entered', 'missed']) })],
  [1, (random, twins, temper) => ({ verb: 'revoke', ...who(random, twins, temper, ['waiting', 'redeemed', 'missed']) })],
  [6, (random, twins, temper) => ({ verb: 'return', ...who(random, twins, temper, ['missed', 'missed', 'absent', 'waiting', 'called']) })],
  [2, (random, twins, temper) => ({ verb: 'restore', ...who(random, twins, temper, ['waiting', 'absent', 'called', 'redeemed']) })],
  [3, drawReconcile],
  [4, (random) => ({
    verb: 'configure', versionOff: pick(random, [1, 1, 1, 1, 1, 0, -1]), epochOff: chance(random, 0.05) ? 1 : 0, changes: drawChanges(random),
  })],
  [1.5, () => ({ verb: 'copy' })],
  [0.7, () => ({ verb: 'lose' })],
  [0.8, () => ({ verb: 'restart' })],
  [0.3, () => ({ verb: 'readopt', isExpected: true })],
];
const WEIGHT_SUM = STEPS.reduce((sum, [weight]) => sum + weight, 0);
/** While fenced a worker will readopt soon; after a lost tail fans show their receipts. */
const READOPT_SHARE = 0.4;
const RESTORE_SHARE = 0.15;
/** Spells of silence, long enough for a crowd to be found silent: four periods of signs of life, a tick and a sweep each. */
const QUIET_SHARE = 0.02;
const QUIET_STEPS = 12;

export function drawStep(random: Random, twins: Twins, temper: Temper): Step {
  const { adoptedRunId, incarnation } = twins.model.data as ModelData;
  if (adoptedRunId !== twins.model.runId && chance(random, READOPT_SHARE)) return { verb: 'readopt', isExpected: chance(random, 0.9) };
  const lost = incarnation > 1 ? drawLost(random, twins) : null;
  if (lost !== null && chance(random, RESTORE_SHARE)) {
    return { verb: pick(random, ['restore', 'restore', 'redeem'] as const), ...lost, key: 0, callNoOff: 0, epochOff: 0 };
  }
  if (temper.quiet === 0 && chance(random, QUIET_SHARE)) temper.quiet = QUIET_STEPS;
  if (temper.quiet > 0) {
    temper.quiet -= 1;
    return temper.quiet % 2 === 0 ? { verb: 'sweep' } : tickOf(Math.min(LIMITS.STEP_MS_MAX, twins.settings.absentAfterMs / LIMITS.PERIODS + 1));
  }
  let left = random() * WEIGHT_SUM;
  for (const [weight, draw] of STEPS) {
    left -= weight;
    if (left < 0) return draw(random, twins, temper);
  }
  return { verb: 'sweep' };
}

/** Somebody whose receipt Redis knows nothing of. */
function drawLost(random: Random, { receipts, model }: Twins): Who | null {
  const lost = [...receipts].flatMap(([fan, places]) =>
    places.flatMap((place, index): Who[] => (model.data?.places.has(place) === true ? [] : [{ fan, age: places.length - 1 - index }])));
  return lost.length === 0 ? null : pick(random, lost);
}

/** Mostly a newest place that is in one of the states now, named twice to be wanted twice; sometimes any, also one of before or one that never was. */
function who(random: Random, { receipts, model }: Twins, temper: Temper, states: readonly string[]): Who {
  const stateNow = (places: readonly Place[]): string => model.data?.places.get(places.at(-1) as Place)?.state ?? 'lost';
  const fitting = states.flatMap((state) => {
    const fans = [...receipts].filter(([, places]) => stateNow(places) === state);
    return fans.length === 0 ? [] : [pick(random, fans)[0]];
  });
  if (fitting.length > 0 && chance(random, 0.8)) return { fan: pick(random, fitting), age: 0 };
  return { fan: chance(random, 0.03) ? OTHER_EPOCH : randomBelow(random, temper.fans), age: chance(random, 0.15) ? 1 : 0 };
}

const drawKey = (random: Random): number => (chance(random, 0.8) ? 0 : 1);

/** Fans of a batch: a crowd comes in crowds; some come twice. */
function drawFans(random: Random, { fans, isCrowd }: Temper): number[] {
  const all = shuffled(random, Array.from({ length: fans }, (_, fan) => fan));
  const count = isCrowd && chance(random, 0.6) ? Math.ceil(fans * random()) : 1 + randomBelow(random, 4);
  const drawn = all.slice(0, Math.min(count, BATCH_MAX - 1));
  return chance(random, 0.3) ? [...drawn, pick(random, drawn)] : drawn;
}

const tickOf = (ms: number): Step => ({ verb: 'tick', caller: 0, elapsedMs: ms, wallMs: Math.ceil(ms), isFirst: false });

function drawTick(random: Random, { settings }: Twins): Step {
  const { callMs, absentAfterMs } = settings;
  const spans = [callMs / 2, callMs, absentAfterMs / 8, absentAfterMs / 4, absentAfterMs / 4];
  const elapsedMs = pick(random, [0, 20, 100, 100, 100.5, 333.3, 1_000, 1_000, 5_000, 12_000, ...spans]);
  const jumpMs = chance(random, 0.7) ? 0 : pick(random, [1, -1, 40, 150, 400, 3_000, 60_000, -40, -300, -2_000, -Math.floor(elapsedMs)]);
  return { verb: 'tick', caller: chance(random, 0.85) ? 0 : 1, elapsedMs, wallMs: Math.floor(elapsedMs) + jumpMs, isFirst: chance(random, 0.03) };
}

function drawReconcile(random: Random, twins: Twins, temper: Temper): Step {
  const count = randomBelow(random, 5);
  const live = Array.from({ length: count }, () => ({
    ...who(random, twins, temper, ['redeemed', 'redeemed', 'redeemed', 'entered', 'called', 'waiting', 'left']), key: drawKey(random),
    remainingMs: pick(random, [0, 500, 1_000.7, 60_000, -5]),
  }));
  const over = Array.from({ length: randomBelow(random, 4) }, () => chance(random, 0.5));
  return { verb: 'reconcile', sinceMs: pick(random, [0, 0, 10_001, 20_000, 70_000, -5_000]), over, live };
}

function drawChanges(random: Random): Partial<RoomSettings> {
  const changes: readonly (() => Partial<RoomSettings>)[] = [
    () => ({ ratePerMinute: drawRate(random) }), () => ({ capacity: drawCapacity(random) }),
    () => ({ phase: chance(random, 0.5) ? 'open' : pick(random, ['paused', 'closed', ...PHASES]), opensAtMs: null }), () => ({ phase: 'open' }),
    () => ({ ratePerMinute: drawRate(random), capacity: drawCapacity(random), rejoin: chance(random, 0.8) }),
    () => ({ absentAfterMs: pick(random, [400, 4_001, 60_000]), callMs: pick(random, [100, 1_000, 60_000]), maxMisses: pick(random, [1, 2, 3]) }),
  ];
  return pick(random, changes)();
}
