import type { EntrySessions } from '@onsale/booking';
import { inTransaction } from '@onsale/database';
import { MINUTE_MS, SECOND_MS, type OpaqueId, type Place, type RoomId } from '@onsale/kernel';
import { startLoop, type Loop } from '@onsale/runtime';
import { BINDING_BYTES, finish, readGauges, readRedeemed, reconcile, revoke, type LiveSession, type SessionsFound } from '@onsale/waiting-room';
import type { WorkerContext } from '../context.ts';

/**
 * Makes the redeemed places of a room equal to the sessions that live at booking, every 30 s and after every incarnation: it heals every
 * lost message, in both directions. Nothing is compared when booking's sessions cannot be listed.
 *
 * A new incarnation means that Redis has lost its newest seconds, and with them ends that booking knows of: without being told again it
 * would call fans who hold their tickets already, and keep slots for them until the sweep is on again.
 */
export const RECONCILE_EVERY_MS = 30 * SECOND_MS;
/** Ends told again: longer than Redis may be away, more than are lost with its tail. */
const ENDS_WITHIN_MS = 15 * MINUTE_MS;
const ENDS_MAX = 5_000;
const ENDS_AT_ONCE = 100;
const PAGE = 1_000;
/** More living sessions than that in one room is a bug, not a crowd. */
const SESSIONS_MAX = 1_000_000;

export type ReconcilerOptions = Pick<WorkerContext, 'connection' | 'database' | 'sessions' | 'logger'> & {
  readonly room: RoomId;
  readonly onError: (error: unknown, name: string) => void;
};
type Living = LiveSession & { readonly sid: OpaqueId };

export function startReconciler(options: ReconcilerOptions): Loop {
  const { connection, database, sessions, logger, room, onError } = options;
  let incarnation: string | undefined;
  const run = async (): Promise<void> => {
    const gauges = await readGauges(connection, room);
    if (gauges.word !== 'gauges' || gauges.fenced) return;
    const present = `${gauges.epoch} ${gauges.incarnation}`;
    if (incarnation !== present) await repeatEnds();
    incarnation = present;
    // In this order: what is redeemed while we list is left alone, and so is a session that is written meanwhile.
    const redeemed = await readRedeemed(connection, room);
    const live = await livingSessions(sessions, room);
    const reply = await reconcile(connection, room, { sinceClock: gauges.clock, live, ...(await withoutSession(redeemed, live)) });
    if (reply.word !== 'reconciled') return;
    const { finished, lapsed, adopted, toEnd } = reply;
    await endSessions(live, new Set(toEnd));
    if (finished.length + lapsed.length + adopted.length + toEnd.length > 0) {
      const counts = { finished: finished.length, lapsed: lapsed.length, adopted: adopted.length, ended: toEnd.length };
      logger.info({ room, ...counts }, 'places and sessions made equal');
    }
  };
  const repeatEnds = async (): Promise<void> => {
    const ended = await sessions.endedLately(room, ENDS_WITHIN_MS, ENDS_MAX);
    for (let from = 0; from < ended.length; from += ENDS_AT_ONCE) {
      const some = ended.slice(from, from + ENDS_AT_ONCE);
      await Promise.all(some.map(({ place, reason }) => (reason === 'revoked' ? revoke : finish)(connection, room, place)));
    }
  };
  const withoutSession = async (redeemed: readonly Place[], live: readonly Living[]): Promise<Pick<SessionsFound, 'over' | 'unopened'>> => {
    const alive = new Set(live.map(({ place }) => place));
    const without = redeemed.filter((place) => !alive.has(place));
    const standings = await sessions.standings(room, without);
    return {
      over: without.filter((place) => standings.get(place) === 'over'),
      unopened: without.filter((place) => !standings.has(place)),
    };
  };
  const endSessions = async (live: readonly Living[], places: ReadonlySet<Place>): Promise<void> => {
    for (const { place, sid } of live) {
      if (places.has(place)) await inTransaction(database.money, { isolation: 'read committed', repeatable: true }, (tx) => sessions.end(tx, sid, 'finished'));
    }
  };
  return startLoop({ name: `reconciler of ${room}`, everyMs: RECONCILE_EVERY_MS, run, onError });
}

/** Every living session of the room. */
async function livingSessions(sessions: EntrySessions, room: RoomId): Promise<Living[]> {
  const live: Living[] = [];
  for (let after = 0; live.length < SESSIONS_MAX;) {
    const page = await sessions.living(room, after, PAGE);
    for (const { place, sid, binding: text, remainingMs } of page) {
      const binding = Buffer.from(text, 'base64url');
      // The call's number is not kept at booking; a redeemed place is known by its binding.
      if (binding.length === BINDING_BYTES) live.push({ place, sid, callNo: 0, binding, remainingMs });
    }
    if (page.length < PAGE) break;
    after = (page.at(-1) as { place: Place }).place;
  }
  return live;
}
