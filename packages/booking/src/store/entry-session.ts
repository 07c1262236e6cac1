import type { OpaqueId, Place, Result, RoomId, ShowId } from '@onsale/kernel';
import { ok, refuse, SHOWS_PER_ROOM_MAX } from '@onsale/kernel';
import { createGroupCommit, gathered, inTransaction, isUnavailable, type Pool, type Tx } from '@onsale/database';
import { ATTEMPTS_SCOPE, eventScope, ORDERS_SCOPE, showScope } from '../rules/seat-limit.ts';
import { readArrays } from './lock-rows.ts';
import { openSessionEnds } from './session-ends.ts';
import { bytesOf, chunksOf, hexList, hexOf, idOf, jsonOf, written } from './sql-text.ts';

export type NewEntrySession = {
  readonly sid: OpaqueId;
  readonly room: RoomId;
  readonly place: Place;
  readonly person: OpaqueId;
  /** Thumbprint of what the session is bound to, at most 64 characters. */
  readonly binding: string;
  readonly shows: readonly ShowId[];
  /** How long the session lasts from now. */
  readonly lastsMs: number;
};
export type EntrySession = NewEntrySession & { readonly remainingMs: number; readonly ended: boolean };
export type LivingSession = Pick<EntrySession, 'place' | 'sid' | 'binding' | 'remainingMs'>;
export type SessionUse = { readonly attempts: number; readonly orders: number };
export type EndReason = 'finished' | 'left' | 'revoked' | 'expired' | 'idle';
export type RedeemAnswer = Result<
  { readonly remainingMs: number; readonly again: boolean },
  { readonly kind: 'token-used' } | { readonly kind: 'unknown-show' } | { readonly kind: 'busy' | 'unavailable'; readonly retryAfterMs: number }
>;

export interface EntrySessions {
  /** Writes the session and its allowance rows; many callers share one transaction. Same (room, place) and sid again: the same answer. */
  redeem(session: NewEntrySession): Promise<RedeemAnswer>;
  read(sid: OpaqueId): Promise<EntrySession | undefined>;
  /** Attempts and orders of the session so far. */
  use(sid: OpaqueId): Promise<SessionUse>;
  /** Ends the session: writes are refused from this commit on, reads within the polling time. Again: the first reason stays. */
  end(tx: Tx, sid: OpaqueId, reason: EndReason): Promise<void>;
  /** From memory, polled every 250 ms. */
  isEnded(sid: OpaqueId): boolean;
  /** False once ends could not be polled for 10 s: then nothing new may be started. */
  knowsEnds(): boolean;
  /** Sessions of a room that still last, for reconcile: at most `limit`, places after `afterPlace`. */
  living(room: RoomId, afterPlace: number, limit: number): Promise<readonly LivingSession[]>;
  /** Of those of the places that have a session: whether it lives or is over. */
  standings(room: RoomId, places: readonly Place[]): Promise<ReadonlyMap<Place, 'living' | 'over'>>;
  /** Sessions of a room that have ended within `withinMs`, the latest first: what a waiting room that lost its newest seconds may have forgotten. */
  endedLately(room: RoomId, withinMs: number, limit: number): Promise<readonly { readonly place: Place; readonly reason: EndReason }[]>;
  close(): Promise<void>;
}
export type EntrySessionsOptions = {
  readonly pool: Pool;
  readonly onFault?: (error: unknown) => void;
  /** False for a process that reads no ends. Default true. */
  readonly poll?: boolean;
};

const RETRY_MS = 500;

export function openEntrySessions(options: EntrySessionsOptions): EntrySessions {
  const { pool, onFault } = options;
  const ends = openSessionEnds({ pool, onFault, poll: options.poll ?? true });
  const redeeming = createGroupCommit<NewEntrySession, RedeemAnswer>({
    scopeOf: ({ room }) => room,
    // The same place twice in one batch would race itself; persons' allowance rows are only ever added.
    admit: ({ place }) => ({ keys: [String(place)] }),
    run: async (room, batch) => (await insertSessions(pool, room as RoomId, batch)).map((answer) => ({ answer })),
    refused: (_, why, error) =>
      refuse({ kind: why === 'failed' ? 'unavailable' : 'busy', retryAfterMs: isUnavailable(error) ? error.retryAfterMs : RETRY_MS }),
    limits: { inFlightMax: 1 },
    ...(onFault === undefined ? {} : { onFault }),
  });
  return {
    redeem(session) {
      if (session.shows.length < 1 || session.shows.length > SHOWS_PER_ROOM_MAX) return Promise.resolve(refuse({ kind: 'unknown-show' }));
      return redeeming.submit(session);
    },
    read: (sid) => readSession(pool, sid),
    async use(sid) {
      const rows = await readArrays<[string, number]>(
        pool, 'SELECT scope_id, live FROM allowance WHERE scope_id IN (?) AND person = ?', [[ATTEMPTS_SCOPE, ORDERS_SCOPE], bytesOf(sid)],
      );
      const live = new Map(rows);
      return { attempts: live.get(ATTEMPTS_SCOPE) ?? 0, orders: live.get(ORDERS_SCOPE) ?? 0 };
    },
    end: (tx, sid, reason) => endSession(tx, { sid, reason }),
    isEnded: (sid) => ends.has(sid),
    knowsEnds: () => ends.isCurrent(),
    async living(room, afterPlace, limit) {
      const sql = `SELECT place, sid, binding, TIMESTAMPDIFF(MICROSECOND, NOW(3), until_at) DIV 1000 FROM entry_session s
        WHERE room = ? AND place > ? AND until_at > NOW(3) AND NOT EXISTS (SELECT 1 FROM session_end e WHERE e.sid = s.sid) ORDER BY place LIMIT ?`;
      const rows = await readArrays<[Place, Buffer, string, number]>(pool, sql, [room, afterPlace, limit]);
      return rows.map(([place, sid, binding, leftMs]) => ({ place, sid: idOf(sid), binding, remainingMs: Number(leftMs) }));
    },
    standings: (room, places) => readStandings(pool, room, places),
    async endedLately(room, withinMs, limit) {
      const sql = `SELECT s.place, e.reason FROM session_end e JOIN entry_session s ON s.sid = e.sid
        WHERE s.room = ? AND e.at > NOW(3) - INTERVAL ? MICROSECOND ORDER BY e.at DESC LIMIT ?`;
      const rows = await readArrays<[Place, EndReason]>(pool, sql, [room, withinMs * 1_000, limit]);
      return rows.map(([place, reason]) => ({ place, reason }));
    },
    async close() {
      ends.close();
      await redeeming.close();
    },
  };
}

async function readStandings(pool: Pool, room: RoomId, places: readonly Place[]): Promise<ReadonlyMap<Place, 'living' | 'over'>> {
  const sql = `SELECT place, until_at <= NOW(3) OR EXISTS (SELECT 1 FROM session_end e WHERE e.sid = s.sid) FROM entry_session s
    WHERE room = ? AND place IN (?)`;
  const found = new Map<Place, 'living' | 'over'>();
  for (const chunk of chunksOf(places)) {
    for (const [place, isOver] of await readArrays<[Place, number]>(pool, sql, [room, chunk])) found.set(place, isOver === 1 ? 'over' : 'living');
  }
  return found;
}

const readSession = gathered<Pool, OpaqueId, EntrySession | undefined>(async (pool, sids) => {
  const sql = `SELECT sid, room, place, person, binding, shows, TIMESTAMPDIFF(MICROSECOND, NOW(3), until_at) DIV 1000,
    TIMESTAMPDIFF(MICROSECOND, made_at, until_at) DIV 1000, EXISTS (SELECT 1 FROM session_end e WHERE e.sid = s.sid) FROM entry_session s WHERE sid IN (?)`;
  type Columns = [Buffer, RoomId, Place, Buffer, string, unknown, number, number, number];
  const rows = await readArrays<Columns>(pool, sql, [hexList(sids)]);
  const found = new Map(rows.map(([sid, room, place, person, binding, shows, leftMs, lastsMs, ended]): [OpaqueId, EntrySession] => [idOf(sid), {
    sid: idOf(sid), room, place, person: idOf(person), binding, shows: jsonOf<ShowId[]>(shows), lastsMs: Number(lastsMs),
    remainingMs: Math.max(0, Number(leftMs)), ended: ended === 1,
  }]));
  return sids.map((sid) => found.get(sid));
});

/** In primary key order: sessions of two batches never wait in a circle. */
const endSession = gathered<Tx, { readonly sid: OpaqueId; readonly reason: EndReason }, void>(async (tx, ends) => {
  const rows = ends.map(({ sid, reason }) => [bytesOf(sid), reason, written('NOW(3)')] as const).sort(([one], [other]) => one.compare(other));
  await tx.query('INSERT INTO session_end (sid, reason, at) VALUES ? ON DUPLICATE KEY UPDATE sid = VALUES(sid)', [rows]);
  return ends.map(() => undefined);
});

/**
 * One transaction for a batch of newcomers: the sessions, then every allowance row that their holds will lock. Inserting is idempotent, so
 * a batch whose COMMIT was lost finds its own rows. A place that has a session with another sid was used by somebody else.
 */
function insertSessions(pool: Pool, room: RoomId, batch: readonly NewEntrySession[]): Promise<RedeemAnswer[]> {
  return inTransaction(pool, { isolation: 'read committed', repeatable: true }, async (tx) => {
    const events = await eventsOf(tx, batch);
    const known = batch.filter(({ shows }) => shows.every((show) => events.has(show)));
    if (known.length === 0) return batch.map(() => refuse({ kind: 'unknown-show' }));
    const places = known.map(({ place }) => place).sort((one, other) => one - other);
    const before = await readSessions(tx, room, places);
    const fresh = known.filter(({ place }) => !before.has(place)).sort((one, other) => one.place - other.place);
    if (fresh.length > 0) {
      const rows = fresh.map(({ place, sid, person, binding, shows, lastsMs }) => [
        room, place, bytesOf(sid), bytesOf(person), binding, JSON.stringify(shows), written('NOW(3)'), untilIn(lastsMs),
        untilIn(events.get(shows[0] as ShowId)?.idleMs ?? 0),
      ]);
      await tx.query('INSERT IGNORE INTO entry_session (room, place, sid, person, binding, shows, made_at, until_at, look_at) VALUES ?', [rows]);
      await insertAllowances(tx, fresh, events);
    }
    const after = fresh.length > 0 ? await readSessions(tx, room, places) : before;
    return batch.map((session): RedeemAnswer => {
      if (!known.includes(session)) return refuse({ kind: 'unknown-show' });
      const stored = after.get(session.place);
      if (stored?.sid !== session.sid) return refuse({ kind: 'token-used' });
      return ok({ remainingMs: Math.max(0, stored.remainingMs), again: before.has(session.place) });
    });
  });
}

const untilIn = (ms: number) => written(`NOW(3) + INTERVAL ${Math.round(ms) * 1_000} MICROSECOND`);

type Sale = { readonly event: string; readonly idleMs: number };
async function eventsOf(tx: Tx, batch: readonly NewEntrySession[]): Promise<Map<ShowId, Sale>> {
  const shows = [...new Set(batch.flatMap(({ shows }) => shows))];
  const sql = "SELECT show_id, event_id, idle_session_ms FROM show_sale WHERE show_id IN (?) AND state <> 'publishing'";
  return new Map((await readArrays<[ShowId, string, number]>(tx, sql, [shows])).map(([show, event, idleMs]) => [show, { event, idleMs }]));
}

async function readSessions(tx: Tx, room: RoomId, places: readonly Place[]): Promise<Map<Place, { readonly sid: OpaqueId; readonly remainingMs: number }>> {
  const sql = 'SELECT place, sid, TIMESTAMPDIFF(MICROSECOND, NOW(3), until_at) DIV 1000 FROM entry_session WHERE room = ? AND place IN (?)';
  const rows = await readArrays<[Place, Buffer, number]>(tx, sql, [room, places]);
  return new Map(rows.map(([place, sid, leftMs]) => [place, { sid: idOf(sid), remainingMs: Number(leftMs) }]));
}

/** In primary key order, as every writer of this table. */
async function insertAllowances(tx: Tx, sessions: readonly NewEntrySession[], events: ReadonlyMap<ShowId, Sale>): Promise<void> {
  const rows = new Set<string>();
  for (const { sid, person, shows } of sessions) {
    rows.add(`('${ATTEMPTS_SCOPE}',${hexOf(sid)},0)`).add(`('${ORDERS_SCOPE}',${hexOf(sid)},0)`);
    for (const show of shows) {
      const scopes = [showScope(show), eventScope((events.get(show) as Sale).event)];
      for (const scope of scopes) rows.add(`('${scope}',${hexOf(person)},0)`);
    }
  }
  await tx.query('INSERT IGNORE INTO allowance (scope_id, person, live) VALUES ?', [written([...rows].sort().join(','))]);
}
