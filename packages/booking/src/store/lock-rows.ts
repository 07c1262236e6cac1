import type { OpaqueId, ShowId } from '@onsale/kernel';
import type { QueryResult, RowDataPacket, SqlValue, Tx } from '@onsale/database';
import type { LockedRows, SeatRow } from '../rules/batch-rows.ts';
import type { HoldRow, HoldState } from '../rules/hold.ts';
import { LAPSES_MAX, type SeatLapse } from '../rules/lapse.ts';
import { allowanceKeyText, ATTEMPTS_SCOPE, eventScope, ORDERS_SCOPE, showScope } from '../rules/seat-limit.ts';
import type { SeatState } from '../rules/seat.ts';
import { chunksOf, hexList, idOf, idOrNull, jsonOf, numberList } from './sql-text.ts';

/** Which rows a batch needs. Sessions name the attempts and orders counters, persons those of the show and the event. */
export type RowsNeeded = {
  readonly startingSessions: ReadonlySet<OpaqueId>;
  readonly attempts: ReadonlySet<OpaqueId>;
  readonly orders: ReadonlySet<OpaqueId>;
  readonly persons: ReadonlySet<OpaqueId>;
  readonly holds: ReadonlySet<OpaqueId>;
  readonly seats: ReadonlySet<number>;
};
export type ShowScope = { readonly show: ShowId; readonly event: string };
/** Tests only: what breaks when the rows are read without being locked. */
export type UnsafeReads = { readonly withoutLocks?: boolean };

/**
 * Steps 0 to 3 of the engine's transaction (design in README.md): allowance, hold, seat, each in primary key order, so that no two
 * writers wait in a circle; SKIP LOCKED, so that nobody waits for a stranger at all. A row that is missing from the answer is locked
 * elsewhere or does not exist. A revocation that commits after step 0 counts as concurrent.
 */
export async function lockRows(tx: Tx, scope: ShowScope, needed: RowsNeeded, unsafe: UnsafeReads = {}): Promise<LockedRows> {
  const lock = unsafe.withoutLocks === true ? '' : ' FOR UPDATE SKIP LOCKED';
  const { allowances, lapsers } = await lockAllowances(tx, scope, needed, lock);
  return {
    allowances,
    gone: await findGone(tx, scope, needed, allowances),
    // After the allowances: whoever ends a session that holds nothing locks its attempts, and has ended it or not by now.
    endedSessions: await readEnded(tx, needed.startingSessions),
    lapses: await readLapses(tx, scope.show, lapsers),
    holds: await lockHolds(tx, scope.show, needed.holds, lock),
    seats: await lockSeats(tx, scope.show, needed.seats, lock),
  };
}

async function readEnded(tx: Tx, sessions: ReadonlySet<OpaqueId>): Promise<Set<OpaqueId>> {
  if (sessions.size === 0) return new Set();
  const rows = await readArrays<[Buffer]>(tx, 'SELECT sid FROM session_end FORCE INDEX (PRIMARY) WHERE sid IN (?)', [hexList(sessions)]);
  return new Set(rows.map(([sid]) => idOf(sid)));
}

/** `lapsers`: persons one lapse away from being refused a seat, or past that. */
type Locked = { readonly allowances: Map<string, number>; readonly lapsers: readonly OpaqueId[] };

async function lockAllowances(tx: Tx, { show, event }: ShowScope, { attempts, orders, persons }: RowsNeeded, lock: string): Promise<Locked> {
  const parts: string[] = [];
  const values: SqlValue[] = [];
  const want = (sql: string, holders: ReadonlySet<OpaqueId>, scopes: readonly string[]): void => {
    if (holders.size === 0) return;
    parts.push(sql);
    values.push(...scopes, hexList(holders));
  };
  want('scope_id = ? AND person IN (?)', attempts, [ATTEMPTS_SCOPE]);
  want('scope_id = ? AND person IN (?)', orders, [ORDERS_SCOPE]);
  want('scope_id IN (?, ?) AND person IN (?)', persons, [eventScope(event), showScope(show)]);
  if (parts.length === 0) return { allowances: new Map(), lapsers: [] };
  const sql = `SELECT scope_id, person, live, lapses FROM allowance FORCE INDEX (PRIMARY) WHERE ${parts.join(' OR ')} ORDER BY scope_id, person${lock}`;
  const rows = await readArrays<[string, Buffer, number, number]>(tx, sql, values);
  return {
    allowances: new Map(rows.map(([scopeId, holder, live]) => [allowanceKeyText(scopeId, idOf(holder)), live])),
    lapsers: rows.filter(([, , , lapses]) => lapses >= LAPSES_MAX - 1).map(([, holder]) => idOf(holder)),
  };
}

/** Of the counters that could not be locked, those that do not exist; the others are locked elsewhere. */
async function findGone(tx: Tx, { show, event }: ShowScope, { attempts, persons }: RowsNeeded, locked: ReadonlyMap<string, number>): Promise<Set<string>> {
  const wanted = [
    ...[...attempts].map((holder) => [ATTEMPTS_SCOPE, holder] as const),
    ...[...persons].flatMap((holder) => [[eventScope(event), holder], [showScope(show), holder]] as const),
  ].filter(([scope, holder]) => !locked.has(allowanceKeyText(scope, holder)));
  if (wanted.length === 0) return new Set();
  const sql = 'SELECT scope_id, person FROM allowance FORCE INDEX (PRIMARY) WHERE scope_id IN (?) AND person IN (?)';
  const [scopes, holders] = [new Set(wanted.map(([scope]) => scope)), new Set(wanted.map(([, holder]) => holder))];
  const rows = await readArrays<[string, Buffer]>(tx, sql, [[...scopes], hexList(holders)]);
  const there = new Set(rows.map(([scope, holder]) => allowanceKeyText(scope, idOf(holder))));
  return new Set(wanted.map(([scope, holder]) => allowanceKeyText(scope, holder)).filter((key) => !there.has(key)));
}

/** Not locked: whoever writes them has the person's allowance locked, as we have. */
async function readLapses(tx: Tx, show: ShowId, persons: readonly OpaqueId[]): Promise<Map<OpaqueId, Map<number, SeatLapse>>> {
  const found = new Map<OpaqueId, Map<number, SeatLapse>>();
  if (persons.length === 0) return found;
  const sql = `SELECT person, seat_no, lapses, TIMESTAMPDIFF(MICROSECOND, at, NOW(3)) DIV 1000 FROM seat_lapse FORCE INDEX (PRIMARY)
    WHERE show_id = ? AND person IN (?)`;
  for (const [holder, seat, count, agoMs] of await readArrays<[Buffer, number, number, number]>(tx, sql, [show, hexList(persons)])) {
    const person = idOf(holder);
    const seats = found.get(person) ?? new Map<number, SeatLapse>();
    found.set(person, seats.set(seat, { count, agoMs: Number(agoMs) }));
  }
  return found;
}

/** As stored, with its deadline measured by the database's clock. */
export const HOLD_COLUMNS = `id, person, session, state, seats, order_id, attempt, lengthened, awaiting, swaps, requests,
  until_at <= NOW(3), TIMESTAMPDIFF(MICROSECOND, NOW(3), until_at) DIV 1000`;
export type HoldColumns = [
  id: Buffer, person: Buffer, session: Buffer | null, state: HoldState, seats: unknown, order: Buffer | null, attempt: Buffer | null,
  lengthened: number, awaiting: number, swaps: number, requests: string, expired: number, leftMs: number,
];
export const holdOf = ([id, person, session, state, seats, order, attempt, lengthened, awaiting, swaps, requests, expired, leftMs]: HoldColumns): HoldRow => ({
  id: idOf(id),
  person: idOf(person),
  session: idOrNull(session),
  state,
  seats: jsonOf<number[]>(seats),
  order: idOrNull(order),
  attempt: idOrNull(attempt),
  lengthened: lengthened === 1,
  awaiting: awaiting === 1,
  swaps,
  requests,
  expired: expired === 1,
  leftMs: Number(leftMs),
});

async function lockHolds(tx: Tx, show: ShowId, holds: ReadonlySet<OpaqueId>, lock: string): Promise<Map<OpaqueId, HoldRow>> {
  if (holds.size === 0) return new Map();
  const sql = `SELECT ${HOLD_COLUMNS} FROM hold FORCE INDEX (PRIMARY) WHERE show_id = ? AND id IN (?) ORDER BY id${lock}`;
  const rows = await readArrays<HoldColumns>(tx, sql, [show, hexList(holds)]);
  return new Map(rows.map((row) => [idOf(row[0]), holdOf(row)]));
}

async function lockSeats(tx: Tx, show: ShowId, seats: ReadonlySet<number>, lock: string): Promise<Map<number, SeatRow>> {
  const sql = `SELECT seat_no, state, claim FROM seat FORCE INDEX (PRIMARY) WHERE show_id = ? AND seat_no IN (?) ORDER BY seat_no${lock}`;
  const found = new Map<number, SeatRow>();
  for (const chunk of chunksOf([...seats].sort((one, other) => one - other))) {
    const rows = await readArrays<[number, SeatState, Buffer | null]>(tx, sql, [show, numberList(chunk)]);
    for (const [seat, state, claim] of rows) found.set(seat, { state, claim: idOrNull(claim) });
  }
  return found;
}

/** Rows as arrays: half the driver's work for wide batches. */
export async function readArrays<Row>(session: Pick<Tx, 'query'>, sql: string, values: readonly SqlValue[]): Promise<Row[]> {
  const [rows] = await session.query<RowDataPacket[] & QueryResult>({ sql, rowsAsArray: true }, values);
  return rows as unknown as Row[];
}
