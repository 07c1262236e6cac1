import { changeRoom, differenceOf, type Act, type RoomPhase, type RoomSettings } from '@onsale/control';
import type { Pool } from '@onsale/database';
import { configure, readGauges, type RoomConnection, type RoomGauges } from '@onsale/waiting-room';
import { brakeStanding } from '../rules/brakes.ts';

/*
 * One room's saved settings (MySQL) and those in force (Redis) are brought together. Versions say who is ahead:
 *
 *   saved = in force, same settings ──► nothing to do          (a scheduled room that opened by itself: `open` is saved)
 *   saved > in force                ──► configure(saved)
 *   saved < in force, or the same version with other settings: a brake was put on while the database was away
 *        ──► what is stricter in force is saved, above both versions, with the operators' names and causes ──► configure(saved)
 *   another epoch, unknown or fenced in Redis, or a phase that operators do not set ──► the worker's to heal
 *
 * Guarantee: a brake stays in force until it is saved, also when the process that put it on has died: Redis itself remembers it. Two processes
 * may do this at once: the row's version lets one of them through.
 */
export type Stores = { readonly pool: Pool; readonly connection: RoomConnection };
export type Reconciled = { readonly settings: RoomSettings; readonly inForce: boolean; readonly gauges: RoomGauges | undefined };

const OPERATORS_PHASES: ReadonlySet<string> = new Set<RoomPhase>(['scheduled', 'open', 'paused', 'closed']);
const FOUND: Act = { actor: 'ops', cause: 'found in force, was not saved' };
const OPENED: Act = { actor: 'ops', cause: 'opened by itself at the time that was set' };

/** `acts`: brakes of this process that wait to be saved, the oldest first. Throws when MySQL or Redis cannot be asked. */
export async function reconcileRoom(stores: Stores, saved: RoomSettings, acts: readonly Act[]): Promise<Reconciled> {
  const gauges = await readGauges(stores.connection, saved.room);
  if (gauges.word !== 'gauges') return { settings: saved, inForce: false, gauges: undefined };
  const { settings: inForce } = gauges;
  const isOurs = gauges.epoch === saved.epoch && !gauges.fenced && OPERATORS_PHASES.has(inForce.phase);
  if (!isOurs) return { settings: saved, inForce: false, gauges };
  const isSame = sameSettings(saved, inForce as RoomSettings);
  const openedByItself = saved.phase === 'scheduled' && gauges.phase === 'open' && inForce.phase === 'scheduled';
  const isAhead = inForce.version > saved.version || (inForce.version === saved.version && !isSame);
  if (isAhead) return save(stores, gauges, saved, { patch: brakeStanding(saved, inForce), versionAtLeast: inForce.version + 1, ...actOf(acts) });
  if (openedByItself && inForce.version === saved.version) return save(stores, gauges, saved, { patch: { phase: 'open' }, ...OPENED });
  return { settings: saved, inForce: isSame || (await putInForce(stores, saved)), gauges };
}

type Change = Omit<Parameters<typeof changeRoom>[1], 'room' | 'version'>;

async function save(stores: Stores, gauges: RoomGauges, saved: RoomSettings, change: Change): Promise<Reconciled> {
  const changed = await changeRoom(stores.pool, { room: saved.room, version: saved.version, ...change });
  // Somebody else was first, or the room was closed meanwhile: the next round sees what they saved.
  if (!changed.ok) return { settings: saved, inForce: false, gauges };
  return { settings: changed.value, inForce: await putInForce(stores, changed.value), gauges };
}

async function putInForce({ connection }: Stores, settings: RoomSettings): Promise<boolean> {
  return (await configure(connection, settings)) === 'configured';
}

/** One record names everybody who braked meanwhile. */
function actOf(acts: readonly Act[]): Act {
  const last = acts.at(-1);
  if (last === undefined) return FOUND;
  const cause = acts.length === 1 ? last.cause : acts.map((act) => `${act.actor}: ${act.cause}`).join(' · ');
  return { actor: last.actor, cause: `saved late, the database was away. ${cause}`.trim() };
}

function sameSettings(one: RoomSettings, other: RoomSettings): boolean {
  return Object.keys(differenceOf(one, other).after).length === 0;
}
