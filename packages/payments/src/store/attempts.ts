import { invariant, type Currency, type OpaqueId, type ShowId } from '@onsale/kernel';
import { alikeOf, gathered, inTransaction, RowsLocked, type Pool, type Queryable, type ResultSetHeader, type RowDataPacket, type Tx } from '@onsale/database';
import { stateAfter, statesBefore, type AttemptId, type AttemptMove, type AttemptState, type LastWord, type Patience } from '../rules/index.ts';
import { bytesOf, idOf } from './id-bytes.ts';

/** Table `payment_attempt`. Every change of state is a compare-and-set along the diagram in rules/attempt.ts. */
export type Attempt = AttemptId & {
  /** What the hold calls its attempt. */
  readonly id: OpaqueId;
  readonly show: ShowId;
  readonly hold: OpaqueId;
  readonly providerOrderId: string;
  /** The server's amount: what is asked of the provider (B6). */
  readonly amount: number;
  readonly currency: Currency;
  readonly state: AttemptState;
  readonly paymentKey: string | null;
  /** Who began the confirm: tells a commit whose answer was lost from another tab's. */
  readonly confirmer: OpaqueId | null;
  /** Confirm calls begun, and the number of the idempotency key in use. */
  readonly asks: number;
  readonly keyNo: number;
  readonly looks: number;
  readonly lastWord: LastWord;
  readonly lastCode: string | null;
  /** Mark of the request that opened it under its Idempotency-Key. */
  readonly request: string;
};
export type NewAttempt = Pick<Attempt, 'order' | 'n' | 'id' | 'show' | 'hold' | 'providerOrderId' | 'amount' | 'currency' | 'request'>;
/** An attempt whose time to be looked at has come. */
export type DueAttempt = Attempt & Patience;

const COLUMNS =
  'order_id, n, id, show_id, hold_id, provider_order_id, amount, currency, state, payment_key, confirmer, asks, key_no, looks, last_word, last_code, request';
const CODE_MAX = 100;

/** Idempotency keys are per attempt and asking, never per buyer: the provider does not compare bodies. */
export const confirmKey = ({ providerOrderId, keyNo }: Pick<Attempt, 'providerOrderId' | 'keyNo'>): string => `confirm:${providerOrderId}:${keyNo}`;

/** Proves by its primary key that an attempt number is used once. Throws a duplicate for two openers of one order at once. */
export const insertAttempt = gathered<Tx, NewAttempt, void>(async (tx, attempts) => {
  const places = attempts.map(() => "(?, ?, ?, ?, ?, ?, ?, ?, ?, 'prepared', 0, 1, 0, 'silence', NOW(3), NOW(3))").join(', ');
  await tx.query(
    `INSERT INTO payment_attempt (order_id, n, id, show_id, hold_id, provider_order_id, amount, currency, request, state, asks, key_no, looks, last_word,
       made_at, moved_at)
     VALUES ${places}`,
    attempts.flatMap(({ order, n, id, show, hold, providerOrderId, amount, currency, request }) => [
      bytesOf(order), n, bytesOf(id), show, bytesOf(hold), providerOrderId, amount, currency, request,
    ]),
  );
  return attempts.map(() => undefined);
});

export async function readAttempt(session: Queryable, { order, n }: AttemptId): Promise<Attempt | undefined> {
  return (await attemptsOf(session, order)).find((attempt) => attempt.n === n);
}

/** All attempts of an order by number, at most ATTEMPTS_PER_ORDER of them. */
export const attemptsOf = gathered<Queryable, OpaqueId, readonly Attempt[]>((session, orders) => readAttempts(session, orders, ''));
/** The same, locked; throws RowsLocked when somebody else has one of them. Lock order: hold before order before attempt. */
export const lockAttempts = gathered<Tx, OpaqueId, readonly Attempt[]>(async (tx, orders) => {
  // Read first: an order without attempts has nothing to lock, and SKIP LOCKED leaves out what it cannot have.
  const there = await readAttempts(tx, orders, '');
  const some = orders.filter((_, index) => there[index]?.length !== 0);
  const locked = some.length === 0 ? [] : await readAttempts(tx, some, ' FOR UPDATE SKIP LOCKED');
  const byOrder = new Map(some.map((order, index) => [order, locked[index] ?? []]));
  return orders.map((order, index) => {
    const mine = byOrder.get(order) ?? [];
    return mine.length < (there[index]?.length ?? 0) ? new RowsLocked('payment_attempt') : mine;
  });
});

async function readAttempts(session: Queryable, orders: readonly OpaqueId[], lock: string): Promise<readonly (readonly Attempt[])[]> {
  const sql = `SELECT ${COLUMNS} FROM payment_attempt FORCE INDEX (PRIMARY) WHERE order_id IN (?) ORDER BY order_id, n${lock}`;
  const [rows] = await session.query<RowDataPacket[]>(sql, [orders.map(bytesOf)]);
  const byOrder = Map.groupBy(rows.map(attemptOf), ({ order }) => order);
  return orders.map((order) => byOrder.get(order) ?? []);
}

/**
 * prepared → confirming, before the provider is called: from here on the resolver will find the attempt, whatever becomes
 * of this process. `firstLookMs` lies beyond the call's own time-out. False: not prepared any more.
 */
export const startConfirming = (tx: Tx, attempt: AttemptId, start: ConfirmStart): Promise<boolean> => startGathered(tx, { attempt, start });

export type ConfirmStart = { readonly paymentKey: string; readonly confirmer: OpaqueId; readonly firstLookMs: number };
type Starting = { readonly attempt: AttemptId; readonly start: ConfirmStart };
const startGathered = gathered<Tx, Starting, boolean>(async (tx, all) => {
  const answers = new Map<Starting, boolean | RowsLocked>();
  for (const alike of alikeOf(all, ({ start }) => String(start.firstLookMs), ({ attempt }) => attempt.order)) {
    const { inState: prepared, lockedElsewhere } = await lockThose(tx, alike, ['prepared']);
    for (const starting of lockedElsewhere) answers.set(starting, new RowsLocked('payment_attempt'));
    if (prepared.length === 0) continue;
    const cases = `CASE order_id${' WHEN ? THEN ?'.repeat(prepared.length)} END`;
    const [written] = await tx.query<ResultSetHeader>(
      `UPDATE payment_attempt FORCE INDEX (PRIMARY) SET state = 'confirming', payment_key = ${cases}, confirmer = ${cases}, asks = 1,
         moved_at = NOW(3), confirming_at = NOW(3), heard_at = NOW(3), next_look_at = NOW(3) + INTERVAL ? MICROSECOND
       WHERE ${theseOf(prepared)}`,
      [
        ...prepared.flatMap(({ attempt, start }) => [bytesOf(attempt.order), start.paymentKey]),
        ...prepared.flatMap(({ attempt, start }) => [bytesOf(attempt.order), bytesOf(start.confirmer)]),
        (prepared[0] as Starting).start.firstLookMs * 1_000,
        ...namesOf(prepared),
      ],
    );
    invariant(written.affectedRows === prepared.length, 'an attempt changed under its lock');
    for (const starting of prepared) answers.set(starting, true);
  }
  return all.map((starting) => answers.get(starting) ?? false);
});

export type MoveOptions = { readonly code?: string | null; /** When to look again; absent: never. */ readonly nextLookMs?: number };

/** Compare-and-set along the diagram; false when the attempt's state does not allow the move. Locks the row, or throws RowsLocked. */
export const moveAttempt = (tx: Tx, attempt: AttemptId, move: AttemptMove, options: MoveOptions = {}): Promise<boolean> => (
  moveGathered(tx, { attempt, move, options })
);

type Moving = { readonly attempt: AttemptId; readonly move: AttemptMove; readonly options: MoveOptions };
const moveGathered = gathered<Tx, Moving, boolean>(async (tx, all) => {
  const answers = new Map<Moving, boolean | RowsLocked>();
  for (const alike of alikeOf(all, ({ move, options }) => JSON.stringify([move, options]), ({ attempt }) => `${attempt.order}/${attempt.n}`)) {
    const { move, options: { code = null, nextLookMs } } = alike[0] as Moving;
    const { inState: movable, lockedElsewhere } = await lockThose(tx, alike, statesBefore(move));
    for (const moving of lockedElsewhere) answers.set(moving, new RowsLocked('payment_attempt'));
    if (movable.length === 0) continue;
    const [written] = await tx.query<ResultSetHeader>(
      `UPDATE payment_attempt FORCE INDEX (PRIMARY) SET state = ?, last_code = COALESCE(?, last_code), moved_at = NOW(3), looks = 0,
         next_look_at = ${nextLookMs === undefined ? 'NULL' : 'NOW(3) + INTERVAL ? MICROSECOND'}
       WHERE ${theseOf(movable)}`,
      [
        stateAfter(move), code?.slice(0, CODE_MAX) ?? null, ...(nextLookMs === undefined ? [] : [nextLookMs * 1_000]),
        ...namesOf(movable),
      ],
    );
    invariant(written.affectedRows === movable.length, 'an attempt changed under its lock');
    for (const moving of movable) answers.set(moving, true);
  }
  return all.map((moving) => answers.get(moving) ?? false);
});

type LockedOf<Item> = { readonly inState: Item[]; readonly lockedElsewhere: readonly Item[] };
/**
 * Locks the attempts and gives what asked for those in one of the states: what is locked may be changed, and its count is known. Nobody
 * waits: what somebody else has is told apart from what is not there by reading it without a lock.
 */
async function lockThose<Item extends { readonly attempt: AttemptId }>(
  tx: Tx, items: readonly Item[], states: readonly AttemptState[],
): Promise<LockedOf<Item>> {
  const sql = (some: readonly Item[]): string => `SELECT order_id, n, state FROM payment_attempt FORCE INDEX (PRIMARY) WHERE ${theseOf(some)}`;
  const find = async (some: readonly Item[], lock: string): Promise<ReadonlyMap<string, AttemptState>> => {
    const [rows] = some.length === 0 ? [[]] : await tx.query<RowDataPacket[]>(`${sql(some)} ${lock}`, namesOf(some));
    return new Map(rows.map((row) => [`${idOf(row['order_id'] as Buffer)}/${row['n'] as number}`, row['state'] as AttemptState]));
  };
  const nameOf = ({ attempt }: Item): string => `${attempt.order}/${attempt.n}`;
  const locked = await find(items, 'ORDER BY order_id, n FOR UPDATE SKIP LOCKED');
  const missing = items.filter((item) => !locked.has(nameOf(item)));
  const there = await find(missing, '');
  const inState = items.filter((item) => states.includes(locked.get(nameOf(item)) as AttemptState));
  return { inState, lockedElsewhere: missing.filter((item) => there.has(nameOf(item))) };
}

/** A row constructor in IN would not use the primary key on MariaDB 10. */
const theseOf = (items: readonly unknown[]): string => items.map(() => 'order_id = ? AND n = ?').join(' OR ');
const namesOf = (items: readonly { readonly attempt: AttemptId }[]): (Buffer | number)[] => items.flatMap(({ attempt }) => [bytesOf(attempt.order), attempt.n]);

/** prepared → abandoned for every attempt of the order except `keep`. Gives how many. Throws RowsLocked when somebody else has one of them. */
export const abandonPrepared = (tx: Tx, order: OpaqueId, keep = 0): Promise<number> => abandonGathered(tx, { order, keep });

type Abandoning = { readonly order: OpaqueId; readonly keep: number };
const abandonGathered = gathered<Tx, Abandoning, number>(async (tx, all) => {
  const open = await readPrepared(tx, all.map(({ order }) => order));
  const wanted = all.map(({ order, keep }) => ({ items: (open.get(order) ?? []).filter((n) => n !== keep).map((n) => ({ attempt: { order, n } })) }));
  const items = wanted.flatMap((one) => one.items);
  if (items.length === 0) return all.map(() => 0);
  const { inState, lockedElsewhere } = await lockThose(tx, items, ['prepared']);
  if (inState.length > 0) {
    await tx.query(
      `UPDATE payment_attempt FORCE INDEX (PRIMARY) SET state = 'abandoned', moved_at = NOW(3) WHERE ${theseOf(inState)}`, namesOf(inState),
    );
  }
  return wanted.map((one) => (
    one.items.some((item) => lockedElsewhere.includes(item)) ? new RowsLocked('payment_attempt') : one.items.filter((item) => inState.includes(item)).length
  ));
});

/** Windows that are open, by order; the caller holds the order, so that none is opened meanwhile. */
async function readPrepared(tx: Tx, orders: readonly OpaqueId[]): Promise<ReadonlyMap<OpaqueId, readonly number[]>> {
  const sql = "SELECT order_id, n FROM payment_attempt FORCE INDEX (PRIMARY) WHERE order_id IN (?) AND state = 'prepared'";
  const [rows] = await tx.query<RowDataPacket[]>(sql, [orders.map(bytesOf)]);
  const found = Map.groupBy(rows, (row) => idOf(row['order_id'] as Buffer));
  return new Map([...found].map(([order, some]) => [order, some.map((row) => row['n'] as number)]));
}

/** Written before a confirm is repeated: what a crash in the middle must not forget. False: no longer confirming. */
export async function noteAsk(session: Queryable, { order, n }: AttemptId, ask: { readonly newKey: boolean; readonly firstLookMs: number }): Promise<boolean> {
  const [written] = await session.query<ResultSetHeader>(
    `UPDATE payment_attempt SET asks = LEAST(asks + 1, 65535), key_no = LEAST(key_no + ?, 65535), last_word = 'silence',
       next_look_at = NOW(3) + INTERVAL ? MICROSECOND
     WHERE order_id = ? AND n = ? AND state = 'confirming'`,
    [ask.newKey ? 1 : 0, ask.firstLookMs * 1_000, bytesOf(order), n],
  );
  return written.affectedRows === 1;
}

export type Unknown = { readonly lastWord: LastWord; readonly code: string | null; readonly reachable: boolean; readonly nextLookMs: number };

/** Keeps what the provider's last word was and when to ask again; the state stays. */
export async function noteUnknown(session: Queryable, { order, n }: AttemptId, unknown: Unknown): Promise<void> {
  await session.query(
    `UPDATE payment_attempt SET last_word = ?, last_code = COALESCE(?, last_code), looks = LEAST(looks + 1, 65535), heard_at = IF(?, NOW(3), heard_at),
       next_look_at = NOW(3) + INTERVAL ? MICROSECOND
     WHERE order_id = ? AND n = ? AND next_look_at IS NOT NULL`,
    [unknown.lastWord, unknown.code?.slice(0, CODE_MAX) ?? null, unknown.reachable, unknown.nextLookMs * 1_000, bytesOf(order), n],
  );
}

/**
 * Takes attempts whose look is due, longest first, and leases each for `leaseMs`: whoever dies with one, it comes back.
 * Rows locked elsewhere are passed over.
 */
export function claimLooks(pool: Pool, { limit, leaseMs }: { readonly limit: number; readonly leaseMs: number }): Promise<readonly DueAttempt[]> {
  return inTransaction(pool, { isolation: 'read committed' }, async (tx) => {
    const [rows] = await tx.query<RowDataPacket[]>(
      `SELECT ${COLUMNS}, TIMESTAMPDIFF(MICROSECOND, COALESCE(confirming_at, moved_at), NOW(3)) AS confirming_for,
         TIMESTAMPDIFF(MICROSECOND, COALESCE(heard_at, moved_at), NOW(3)) AS unreachable_for
       FROM payment_attempt WHERE next_look_at <= NOW(3) ORDER BY next_look_at LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
    );
    if (rows.length === 0) return [];
    const due = rows.map((row) => ({ row, attempt: attemptOf(row) }));
    await tx.query(
      `UPDATE payment_attempt FORCE INDEX (PRIMARY) SET next_look_at = NOW(3) + INTERVAL ? MICROSECOND WHERE ${theseOf(due)}`,
      [leaseMs * 1_000, ...namesOf(due)],
    );
    return due.map(({ row, attempt }) => ({
      ...attempt,
      confirmingForMs: Number(row['confirming_for']) / 1_000,
      unreachableForMs: Number(row['unreachable_for']) / 1_000,
    }));
  });
}

/**
 * A bell rang: look within `withinMs`, also at attempts that were thought to be over, for the bell may be a late success.
 * Nothing for attempts whose money is accounted for. Gives whether there was something to look at.
 */
export async function lookSoon(session: Queryable, { order, n }: AttemptId, withinMs: number): Promise<boolean> {
  const [written] = await session.query<ResultSetHeader>(
    `UPDATE payment_attempt SET next_look_at = LEAST(COALESCE(next_look_at, '9999-12-31'), NOW(3) + INTERVAL ? MICROSECOND)
     WHERE order_id = ? AND n = ? AND state IN ('confirming', 'unknown-released', 'refused', 'abandoned')`,
    [withinMs * 1_000, bytesOf(order), n],
  );
  return written.affectedRows === 1;
}

/** Nothing more to ask about an attempt that is over. */
export async function stopLooking(session: Queryable, { order, n }: AttemptId): Promise<void> {
  await session.query(
    "UPDATE payment_attempt SET next_look_at = NULL, looks = 0 WHERE order_id = ? AND n = ? AND state IN ('refused', 'abandoned')",
    [bytesOf(order), n],
  );
}

/** `overdue`: attempts whose look has been due for more than a minute: the resolver is not keeping up, or is not there. */
export type AttemptGauges = { readonly confirming: number; readonly released: number; readonly returning: number; readonly overdue: number };

export async function readAttemptGauges(session: Queryable): Promise<AttemptGauges> {
  const [rows] = await session.query<RowDataPacket[]>(
    `SELECT COALESCE(SUM(state = 'confirming'), 0) AS confirming, COALESCE(SUM(state = 'unknown-released'), 0) AS released,
       COALESCE(SUM(state = 'returning'), 0) AS returning_now, COALESCE(SUM(next_look_at < NOW(3) - INTERVAL 1 MINUTE), 0) AS overdue
     FROM payment_attempt WHERE state IN ('confirming', 'unknown-released', 'returning')`,
  );
  const [row] = rows as [RowDataPacket];
  return { confirming: Number(row['confirming']), released: Number(row['released']), returning: Number(row['returning_now']), overdue: Number(row['overdue']) };
}

function attemptOf(row: RowDataPacket): Attempt {
  const confirmer = row['confirmer'] as Buffer | null;
  return {
    order: idOf(row['order_id'] as Buffer),
    n: row['n'] as number,
    id: idOf(row['id'] as Buffer),
    show: row['show_id'] as ShowId,
    hold: idOf(row['hold_id'] as Buffer),
    providerOrderId: row['provider_order_id'] as string,
    amount: row['amount'] as number,
    currency: row['currency'] as Currency,
    state: row['state'] as AttemptState,
    paymentKey: row['payment_key'] as string | null,
    confirmer: confirmer === null ? null : idOf(confirmer),
    asks: row['asks'] as number,
    keyNo: row['key_no'] as number,
    looks: row['looks'] as number,
    lastWord: row['last_word'] as LastWord,
    lastCode: row['last_code'] as string | null,
    request: row['request'] as string,
  };
}
