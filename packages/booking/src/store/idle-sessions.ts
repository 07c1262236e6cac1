import type { OpaqueId, Place, RoomId, ShowId } from '@onsale/kernel';
import type { Queryable, Tx } from '@onsale/database';
import { judgeIdle, type SessionUse } from '../rules/idle-session.ts';
import { ATTEMPTS_SCOPE } from '../rules/seat-limit.ts';
import { readArrays } from './lock-rows.ts';
import { bytesOf, hexList, hexOf, idOf, jsonOf, written } from './sql-text.ts';

export const IDLE_LOOKS_MAX = 100;
/** Its counters are locked: a hold is being made. */
const LOOK_AGAIN_MS = 2_000;

export type IdleSession = { readonly sid: OpaqueId; readonly room: RoomId; readonly place: Place };
export type IdleLooks = { readonly idle: readonly IdleSession[]; readonly looked: number };
type Due = IdleSession & { readonly shows: readonly ShowId[]; readonly enteredForMs: number; readonly lastsStill: boolean };

/**
 * Looks at sessions whose look is due and gives those that hold nothing for too long; the caller ends them in the same transaction. Locks, in the order
 * of every writer: the sessions' rows, then their counters of attempts, which every hold locks before it asks whether the session has ended. So no session
 * ends under a hold that is being made: one of the two sees the other.
 */
export async function lookAtIdleSessions(tx: Tx, limit: number = IDLE_LOOKS_MAX): Promise<IdleLooks> {
  const due = await dueSessions(tx, limit);
  if (due.length === 0) return { idle: [], looked: 0 };
  const sids = due.map(({ sid }) => sid);
  const ends = await readArrays<[Buffer]>(tx, 'SELECT sid FROM session_end FORCE INDEX (PRIMARY) WHERE sid IN (?)', [hexList(sids)]);
  const ended = new Set(ends.map(([sid]) => idOf(sid)));
  const free = await lockAttempts(tx, sids);
  const [uses, idleMsOf] = [await usesOf(tx, due), await idleTimes(tx, due)];
  const idle: IdleSession[] = [];
  const looks = new Map<OpaqueId, number | null>();
  for (const session of due) {
    const { sid, shows, enteredForMs, lastsStill } = session;
    const over = ended.has(sid) || !lastsStill;
    if (over || !free.has(sid)) {
      looks.set(sid, over ? null : LOOK_AGAIN_MS);
      continue;
    }
    const use = uses.get(sid) ?? { holds: false, idleForMs: Infinity };
    const verdict = judgeIdle({ ...use, idleForMs: Math.min(use.idleForMs, enteredForMs) }, idleMsOf.get(shows[0] as ShowId) ?? Infinity);
    if (verdict === 'end') idle.push(session);
    looks.set(sid, verdict === 'end' ? null : Math.min(verdict.lookInMs, LOOK_FAR_MS));
  }
  await setLooks(tx, due, looks);
  return { idle, looked: due.length };
}
/** Longer than a session lasts. */
const LOOK_FAR_MS = 24 * 3_600_000;

async function dueSessions(tx: Tx, limit: number): Promise<Due[]> {
  const sql = `SELECT sid, room, place, shows, TIMESTAMPDIFF(MICROSECOND, made_at, NOW(3)) DIV 1000, until_at > NOW(3) FROM entry_session FORCE INDEX (by_look)
    WHERE look_at <= NOW(3) ORDER BY look_at LIMIT ? FOR UPDATE SKIP LOCKED`;
  const rows = await readArrays<[Buffer, RoomId, Place, unknown, number, number]>(tx, sql, [limit]);
  return rows.map(([sid, room, place, shows, enteredForMs, lasts]) => ({
    sid: idOf(sid), room, place, shows: jsonOf<ShowId[]>(shows), enteredForMs: Number(enteredForMs), lastsStill: lasts === 1,
  }));
}

async function lockAttempts(tx: Tx, sids: readonly OpaqueId[]): Promise<Set<OpaqueId>> {
  const sql = 'SELECT person FROM allowance FORCE INDEX (PRIMARY) WHERE scope_id = ? AND person IN (?) ORDER BY person FOR UPDATE SKIP LOCKED';
  return new Set((await readArrays<[Buffer]>(tx, sql, [ATTEMPTS_SCOPE, hexList(sids)])).map(([sid]) => idOf(sid)));
}

/** What each session holds, or how long ago its last hold ended; none for those that never held anything. */
async function usesOf(session: Queryable, sessions: readonly Pick<Due, 'sid' | 'shows'>[]): Promise<Map<OpaqueId, SessionUse>> {
  const uses = new Map<OpaqueId, SessionUse>();
  const byShow = new Map<ShowId, OpaqueId[]>();
  for (const { sid, shows } of sessions) for (const show of shows) byShow.set(show, [...(byShow.get(show) ?? []), sid]);
  for (const [show, sids] of byShow) {
    const sql = `SELECT session, MAX(state IN ('live', 'confirming')), MIN(TIMESTAMPDIFF(MICROSECOND, until_at, NOW(3)) DIV 1000)
      FROM hold FORCE INDEX (by_session) WHERE show_id = ? AND session IN (?) GROUP BY session`;
    for (const [holder, holds, endedForMs] of await readArrays<[Buffer, number, number]>(session, sql, [show, hexList(sids)])) {
      const sid = idOf(holder);
      const other = uses.get(sid);
      uses.set(sid, {
        holds: Number(holds) === 1 || other?.holds === true,
        idleForMs: Math.min(Math.max(0, Number(endedForMs)), other?.idleForMs ?? Infinity),
      });
    }
  }
  return uses;
}

async function idleTimes(session: Queryable, due: readonly Due[]): Promise<Map<ShowId, number>> {
  const shows = [...new Set(due.map(({ shows: [first] }) => first as ShowId))];
  return new Map(await readArrays<[ShowId, number]>(session, 'SELECT show_id, idle_session_ms FROM show_sale WHERE show_id IN (?)', [shows]));
}

async function setLooks(tx: Tx, due: readonly Due[], looks: ReadonlyMap<OpaqueId, number | null>): Promise<void> {
  const cases = due.map(({ sid }) => {
    const inMs = looks.get(sid) ?? null;
    return `WHEN ${hexOf(sid)} THEN ${inMs === null ? 'NULL' : `NOW(3) + INTERVAL ${Math.ceil(inMs) * 1_000} MICROSECOND`}`;
  });
  const sql = 'UPDATE entry_session FORCE INDEX (by_sid) SET look_at = CASE sid ? END WHERE sid IN (?)';
  await tx.query(sql, [written(cases.join(' ')), hexList(due.map(({ sid }) => sid))]);
}

/** The same for one session, not locked: what its fan is told. Undefined when the session's row is gone. */
export async function readSessionUse(session: Queryable, sid: OpaqueId): Promise<SessionUse | undefined> {
  const sql = 'SELECT shows, TIMESTAMPDIFF(MICROSECOND, made_at, NOW(3)) DIV 1000 FROM entry_session WHERE sid = ?';
  const [row] = await readArrays<[unknown, number]>(session, sql, [bytesOf(sid)]);
  if (row === undefined) return undefined;
  const use = (await usesOf(session, [{ sid, shows: jsonOf<ShowId[]>(row[0]) }])).get(sid);
  return { holds: use?.holds === true, idleForMs: Math.min(use?.idleForMs ?? Infinity, Number(row[1])) };
}
