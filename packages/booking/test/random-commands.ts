import { pick, randomBelow, shuffled, type OpaqueId, type Random } from '@onsale/kernel';
import { DEFAULT_LIMITS, type DecidableCommand, type KeyedRequest, type SeatLimits } from '../src/index.ts';
import type { ShowModel } from '../src/model/index.ts';
import { fan, idFor, SHOW } from './own-show.ts';

/** A small world, so that everybody gets in everybody's way. */
export const WORLD = { seats: 40, fans: 8, attempts: 3, orders: 2 } as const;
export const WORLD_LIMITS: SeatLimits = { ...DEFAULT_LIMITS, perOrder: 3, perPersonAndShow: 5, perPersonAndEvent: 6, attemptsPerSession: 5, ordersPerEntry: 2 };

const seatsFor = (random: Random): number[] => shuffled(
  random, Array.from({ length: WORLD.seats }, (_, seat) => seat),
).slice(0, 1 + Math.floor(4 * random() ** 2));

/**
 * Commands that arrive in one turn of the event loop: operators' blocks first, which overtake new holds, then these, then at most one about each hold
 * that existed before, which is looked up first: the order in which the engine takes them.
 */
export function randomTurn(random: Random, model: ShowModel, size: number, count: () => number): DecidableCommand[] {
  const all = [...model.holds.values()];
  const owning = all.filter(({ state }) => state === 'live' || state === 'confirming' || state === 'settled');
  const existing = shuffled(random, [...new Set([...owning, ...all.slice(-4)])]).slice(0, randomBelow(random, size + 2));
  const starts = Array.from({ length: randomBelow(random, size) + 1 }, () => randomStart(random, model, count));
  const { block = [], hold = [] } = Object.groupBy(starts, ({ kind }) => (kind === 'hold' ? 'hold' : 'block'));
  return [...block, ...hold, ...existing.map((hold) => randomAbout(random, hold))];
}

function randomStart(random: Random, model: ShowModel, count: () => number): DecidableCommand {
  if (random() < 0.12) return { kind: random() < 0.4 ? 'block' : 'unblock', show: SHOW, seats: seatsFor(random) };
  const known = [...model.holds.values()];
  if (known.length > 0 && random() < 0.15) {
    // The same request again, or its key with other seats.
    const { id, person, session, seats, requests } = pick(random, known);
    const [first] = requests;
    const same = seats.length > 0 ? seats : seatsFor(random);
    if (first !== undefined && random() < 0.7) {
      return { kind: 'hold', show: SHOW, hold: id, person, session, seats: same, keyed: { key: first[0], request: first[1] } };
    }
    const other = seatsFor(random);
    return { kind: 'hold', show: SHOW, hold: id, person, session, seats: other, keyed: keyedFor(id, other) };
  }
  const round = count();
  const lost = known.filter(({ state }) => state === 'expired').slice(-6);
  if (lost.length > 0 && random() < 0.25) {
    // The same seats again, after they lapsed.
    const { person, seats } = pick(random, lost);
    const hold = idFor(`hold ${round}`);
    return { kind: 'hold', show: SHOW, hold, person, session: fanOf(random, round, person).session, seats, keyed: keyedFor(hold, seats), holdMs: 1_000 };
  }
  const [hold, seats] = [idFor(`hold ${round}`), seatsFor(random)];
  return {
    kind: 'hold', show: SHOW, hold, ...fanOf(random, round), seats, keyed: keyedFor(hold, seats),
    holdMs: 60_000 * (1 + randomBelow(random, 3)),
  };
}

/** The key that makes a hold, or changes it, and its request: what the edge makes of a header and a body. */
const keyedFor = (key: string, seats: readonly number[]): KeyedRequest => ({ key: idFor(`key ${key}`), request: idFor(seats.join()) });

/** Entry sessions use up their attempts: so the fans have new ones from time to time. */
const HOLDS_PER_SESSION = 150;
const fanOf = (random: Random, round: number, person?: OpaqueId): { person: OpaqueId; session: OpaqueId } => {
  const drawn = randomBelow(random, WORLD.fans);
  const n = person === undefined ? drawn : Array.from({ length: WORLD.fans }, (_, k) => k).findIndex((k) => fan(k).person === person);
  return { person: fan(n).person, session: idFor(`session ${n} of ${Math.floor(round / HOLDS_PER_SESSION)}`) };
};
/** A session that is in use about now. */
export const someSession = (random: Random, round: number): OpaqueId => fanOf(random, round).session;
export const sessionsOfWorld = (rounds: number) =>
  Array.from(
    { length: WORLD.fans },
    (_, n) => Array.from({ length: Math.ceil(rounds / HOLDS_PER_SESSION) }, (_, k) => ({ person: fan(n).person, session: idFor(`session ${n} of ${k}`) })),
  ).flat();

/** What people do with a hold in this state, as numbers of the cases below; the rest of the time anything. */
const LIKELY = {
  live: [1, 1, 4, 4, 2, 3], ordered: [5, 5, 6, 6, 6, 9], confirming: [8, 9, 9, 2, 6], settled: [11, 11, 9], released: [10], expired: [10, 3],
} as const;

function randomAbout(random: Random, hold: ShowModel['holds'] extends Map<OpaqueId, infer Hold> ? Hold : never): DecidableCommand {
  const attempt = random() < 0.7 && hold.attempt !== null ? hold.attempt : idFor(`attempt ${hold.id} ${randomBelow(random, WORLD.attempts)}`);
  const order = random() < 0.8 && hold.order !== null ? hold.order : idFor(`order ${hold.id} ${randomBelow(random, WORLD.orders)}`);
  const about = { show: SHOW, hold: hold.id };
  const person = random() < 0.9 ? hold.person : fan(randomBelow(random, WORLD.fans)).person;
  const some = (): number[] => (hold.seats.length > 0 && random() < 0.8 ? hold.seats.slice(0, 1 + randomBelow(random, hold.seats.length)) : seatsFor(random));
  switch (random() < 0.65 ? pick(random, LIKELY[hold.order !== null && hold.state === 'live' ? 'ordered' : hold.state]) : randomBelow(random, 12)) {
    case 0:
    case 1: {
      const seats = [...new Set([...(random() < 0.5 ? hold.seats.slice(1) : []), ...seatsFor(random)])];
      const [key, request] = pick(random, [...hold.requests]);
      const again = random() < 0.2;
      const keyed = again ? { key, request: random() < 0.5 ? request : idFor(seats.join()) } : keyedFor(`${hold.id} ${hold.requests.size}`, seats);
      return { kind: 'swap', ...about, person, session: hold.session, seats, keyed };
    }
    case 2:
      return { kind: 'release', ...about, ...(random() < 0.6 ? { person } : {}), ...(random() < 0.3 ? { attempt } : {}) };
    case 3:
      return { kind: 'expire', ...about };
    case 4:
      return { kind: 'order', ...about, person, order };
    case 5:
      return { kind: 'lengthen', ...about, order, attempt };
    case 6:
    case 7:
      return { kind: 'confirming', ...about, order, attempt };
    case 8:
      return random() < 0.5 ? { kind: 'resume', ...about, attempt } : { kind: 'await-deposit', ...about, attempt, dueMs: 3_600_000 };
    case 9:
      return { kind: 'settle', ...about, attempt, ...(random() < 0.2 ? { from: 'live' as const } : {}) };
    case 10:
      return { kind: 'retake', ...about, attempt };
    default:
      return { kind: 'return', ...about, seats: some(), to: random() < 0.5 ? 'free' : 'blocked' };
  }
}
