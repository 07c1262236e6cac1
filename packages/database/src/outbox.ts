import { gathered } from './gathered.ts';
import type { Pool } from './pool.ts';
import type { Queryable, ResultSetHeader, RowDataPacket, Tx } from './session.ts';
import { inTransaction } from './transaction.ts';

/**
 * The transactional outbox. A row is written in the transaction that decides an effect, and closed in the transaction that has finished it;
 * so the effect happens at least once, and a queue that carries wake-ups may be wiped.
 *
 *   addOutboxRows (tx) ──► open ── next_at has come: claimOutboxRows ──► leased (next_at = end of the lease)
 *                           ▲                                              │ closeOutboxRow (tx of the effect) ──► closed ──► pruned
 *                           ├── retryOutboxRow: next_at = after a pause ───┤
 *                           └── worker died: the lease runs out ───────────┘
 *
 * - Rows are found by state, never by a cursor (`id > last`): a transaction that took a low id and commits late would be passed over.
 * - Rows of one key go one at a time, oldest id first: a row is claimed only when no older open row has its key. Writers of one key must
 *   follow each other (they lock the same order or hold); keys are narrow (an order, a place), for one that never succeeds stops its key.
 * - A lease can run out under a slow worker, so an effect must bear being repeated, and `closeOutboxRow` says whether this one was first.
 * - Nothing is given up by itself: pauses grow to five minutes, and rows that failed often are counted as `stuck` for the operator.
 */
/** A JSON object; no secrets, for it is kept. */
export type OutboxPayload = Readonly<Record<string, unknown>>;
export type OutboxRow = {
  readonly id: number;
  readonly kind: string;
  readonly key: string;
  readonly payload: OutboxPayload;
  /** This claim's number, from 1. It fences: a worker whose lease ran out holds an older number. */
  readonly attempts: number;
};
export type NewOutboxRow = { readonly kind: string; readonly key: string; readonly payload: OutboxPayload; readonly delayMs?: number };

export const OUTBOX_BATCH_MAX = 200;
const PAYLOAD_MAX_CHARS = 8_192;
const NAME_MAX_CHARS = { kind: 40, key: 100, error: 80 };
const PAUSE_FIRST_MS = 1_000;
const PAUSE_MAX_MS = 5 * 60_000;
const STUCK_ATTEMPTS = 10;

/** Locks nothing but the new rows. They become visible to relays when the caller's transaction commits. */
export async function addOutboxRows(tx: Tx, rows: readonly NewOutboxRow[]): Promise<void> {
  if (rows.length === 0) return;
  if (rows.length > OUTBOX_BATCH_MAX) throw new Error(`${rows.length} outbox rows at once, at most ${OUTBOX_BATCH_MAX}`);
  const values = rows.flatMap(({ kind, key, payload, delayMs = 0 }) => {
    const text = JSON.stringify(payload);
    if (text.length > PAYLOAD_MAX_CHARS) throw new Error(`payload of a ${kind} row has ${text.length} characters, at most ${PAYLOAD_MAX_CHARS}`);
    if (kind.length > NAME_MAX_CHARS.kind || key.length > NAME_MAX_CHARS.key) {
      throw new Error(`kind or key of a ${kind.slice(0, NAME_MAX_CHARS.kind)} row is too long`);
    }
    return [kind, key, text, Math.round(delayMs) * 1_000];
  });
  const places = rows.map(() => '(?, ?, ?, NOW(3), NOW(3) + INTERVAL ? MICROSECOND)').join(', ');
  await tx.query(`INSERT INTO outbox (kind, ordering_key, payload, made_at, next_at) VALUES ${places}`, values);
}

/** One row; those of one transaction that are added together share a statement. */
export const addOutboxRow = gathered<Tx, NewOutboxRow, void>(async (tx, rows) => {
  await addOutboxRows(tx, rows);
  return rows.map(() => undefined);
});

export type ClaimOptions = {
  /** At most OUTBOX_BATCH_MAX. */
  readonly limit: number;
  /** Within this the worker closes or retries the row, or it is claimed again. */
  readonly leaseMs: number;
  /** Only rows of these kinds; default all. */
  readonly kinds?: readonly string[];
  /** None of these kinds. */
  readonly exceptKinds?: readonly string[];
};

/** Claims the rows that are due, the longest due first. Locks them for this short transaction only; rows locked elsewhere are passed over. */
export function claimOutboxRows(pool: Pool, { limit, leaseMs, kinds, exceptKinds }: ClaimOptions): Promise<OutboxRow[]> {
  if (!Number.isInteger(limit) || limit < 1 || limit > OUTBOX_BATCH_MAX) throw new Error(`limit ${limit}, allowed 1 to ${OUTBOX_BATCH_MAX}`);
  return inTransaction(pool, { isolation: 'read committed' }, async (tx) => {
    const [due] = await tx.query<RowDataPacket[]>(
      `SELECT id, kind, ordering_key, payload, attempts FROM outbox AS due
       WHERE closed_at IS NULL AND next_at <= NOW(3) ${kinds === undefined ? '' : 'AND kind IN (?)'} ${exceptKinds === undefined ? '' : 'AND kind NOT IN (?)'}
         AND NOT EXISTS (SELECT 1 FROM outbox AS older WHERE older.ordering_key = due.ordering_key AND older.closed_at IS NULL AND older.id < due.id)
       ORDER BY next_at LIMIT ${limit} FOR UPDATE SKIP LOCKED`,
      [kinds, exceptKinds].filter((list) => list !== undefined),
    );
    if (due.length === 0) return [];
    const ids = due.map((row) => row['id'] as number);
    await tx.query('UPDATE outbox SET next_at = NOW(3) + INTERVAL ? MICROSECOND, attempts = LEAST(attempts + 1, 65535) WHERE id IN (?)', [
      leaseMs * 1_000, ids,
    ]);
    return due.map((row) => ({
      id: row['id'] as number,
      kind: row['kind'] as string,
      key: row['ordering_key'] as string,
      payload: payloadOf(row['payload']),
      attempts: Math.min((row['attempts'] as number) + 1, 65_535),
    }));
  });
}

/**
 * Closes a row in the transaction of its effect, whose commit makes both true at once. False: somebody else has closed it, so the caller
 * rolls its own effect back. Locks the row.
 */
export async function closeOutboxRow(tx: Tx, id: number): Promise<boolean> {
  const [written] = await tx.query<ResultSetHeader>('UPDATE outbox SET closed_at = NOW(3), last_error = NULL WHERE id = ? AND closed_at IS NULL', [id]);
  return written.affectedRows === 1;
}

/** `error`: a code, no text with data in it. `delayMs`: default `outboxPauseMs`. */
export type OutboxRetry = { readonly error: string; readonly delayMs?: number };

/**
 * Closes rows whose effects stand elsewhere (a slot freed in Redis); what somebody else has closed meanwhile is closed. A row that is locked
 * elsewhere keeps none of the others open: it stays, its lease runs out, and its effect bears being repeated.
 */
export async function closeOutboxRows(pool: Pool, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const inOrder = ids.toSorted((one, other) => one - other);
  await inTransaction(pool, { isolation: 'read committed' }, async (tx) => {
    const sql = 'SELECT id FROM outbox WHERE id IN (?) AND closed_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED';
    const [rows] = await tx.query<RowDataPacket[]>(sql, [inOrder]);
    if (rows.length === 0) return;
    await tx.query('UPDATE outbox SET closed_at = NOW(3), last_error = NULL WHERE id IN (?)', [rows.map((row) => row['id'] as number)]);
  });
}

/** Lets a claimed row come back after a pause. False: the claim is no longer ours. */
export async function retryOutboxRow(database: Queryable, row: Pick<OutboxRow, 'id' | 'attempts'>, { error, delayMs }: OutboxRetry): Promise<boolean> {
  const pauseMs = delayMs ?? outboxPauseMs(row.attempts, Math.random());
  const [written] = await database.query<ResultSetHeader>(
    'UPDATE outbox SET next_at = NOW(3) + INTERVAL ? MICROSECOND, last_error = ? WHERE id = ? AND attempts = ? AND closed_at IS NULL',
    [Math.round(pauseMs) * 1_000, error.slice(0, NAME_MAX_CHARS.error), row.id, row.attempts],
  );
  return written.affectedRows === 1;
}

/** 1 s, 2 s, 4 s … 5 min after the first, second, third … attempt, spread over its upper half. `random` is in [0, 1). */
export function outboxPauseMs(attempts: number, random: number): number {
  const full = Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** Math.max(0, Math.min(attempts - 1, 30)));
  return full / 2 + (full / 2) * random;
}

/** `lagMs`: how long the longest due row has been due. `oldestMs`: age of the oldest open row. `stuck`: open rows that were tried 10 times or more. */
export type OutboxGauges = { readonly open: number; readonly due: number; readonly lagMs: number; readonly oldestMs: number; readonly stuck: number };

export async function readOutboxGauges(database: Queryable): Promise<OutboxGauges> {
  const [rows] = await database.query<RowDataPacket[]>(
    `SELECT COUNT(*) AS open, COALESCE(SUM(next_at <= NOW(3)), 0) AS due, COALESCE(SUM(attempts >= ${STUCK_ATTEMPTS}), 0) AS stuck,
       COALESCE(GREATEST(0, TIMESTAMPDIFF(MICROSECOND, MIN(next_at), NOW(3))), 0) AS lag_us,
       COALESCE(TIMESTAMPDIFF(MICROSECOND, MIN(made_at), NOW(3)), 0) AS oldest_us
     FROM outbox WHERE closed_at IS NULL`,
  );
  const row = rows[0] as RowDataPacket;
  const number = (name: string): number => Number(row[name]);
  return { open: number('open'), due: number('due'), stuck: number('stuck'), lagMs: number('lag_us') / 1_000, oldestMs: number('oldest_us') / 1_000 };
}

/** Deletes at most `limit` rows closed more than `keepMs` ago; gives how many. */
export async function pruneOutbox(database: Queryable, { keepMs, limit }: { readonly keepMs: number; readonly limit: number }): Promise<number> {
  const [written] = await database.query<ResultSetHeader>(
    'DELETE FROM outbox WHERE closed_at < NOW(3) - INTERVAL ? MICROSECOND ORDER BY closed_at LIMIT ?',
    [keepMs * 1_000, limit],
  );
  return written.affectedRows;
}

/** MySQL's JSON comes parsed; MariaDB's is text, which the driver parses when the server marks it as JSON. */
const payloadOf = (value: unknown): OutboxPayload => (typeof value === 'string' ? JSON.parse(value) : value) as OutboxPayload;
