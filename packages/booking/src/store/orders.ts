import { invariant, type Currency, type OpaqueId, type ShowId } from '@onsale/kernel';
import { alikeOf, gathered, RowsLocked, type Queryable, type ResultSetHeader, type SqlValue, type Tx } from '@onsale/database';
import { amountOf, type PricedLine } from '../rules/pricing.ts';
import { statesBefore, UNPAID_STATES, type OrderState } from '../rules/ticket-order.ts';
import { readArrays } from './lock-rows.ts';
import { bytesOf, bytesOrNull, hexList, idOf, idOrNull, jsonOf, written } from './sql-text.ts';

export type Buyer = { readonly name: string | null; readonly email: string | null };
export type NewTicketOrder = {
  readonly id: OpaqueId;
  readonly show: ShowId;
  readonly hold: OpaqueId;
  readonly person: OpaqueId;
  readonly session: OpaqueId | null;
  readonly account: OpaqueId | null;
  /** SHA-256 of the order key: whoever shows the key owns the order. */
  readonly keyHash: Buffer;
  readonly currency: Currency;
  readonly lines: readonly PricedLine[];
  readonly feePolicy: number;
  readonly buyer: Buyer;
  /** Mark of the request that made it under its Idempotency-Key. */
  readonly request: string;
};
export type LineState = 'open' | 'paid' | 'cancelling' | 'cancelled';
export type StoredLine = PricedLine & { readonly line: number; readonly state: LineState; readonly refunded: number };
export type TicketOrder = Omit<NewTicketOrder, 'lines'> & {
  readonly lines: readonly StoredLine[];
  readonly state: OrderState;
  /** Σ paid of its lines. */
  readonly amount: number;
  /** The provider's refusal of the last attempt. */
  readonly refusal: { readonly code: string; readonly message: string } | null;
  readonly madeAt: Date;
  readonly paidAt: Date | null;
};

/** Writes an order in `open` with its lines. For the `alongside` of an `order` command, which proves that the hold has no other order. */
export const insertOrder = gathered<Tx, NewTicketOrder, void>(async (tx, orders) => {
  const rows = orders.map(({ id, show, hold, person, session, account, keyHash, currency, lines, feePolicy, buyer, request }) => {
    invariant(lines.length > 0, 'an order without seats');
    invariant(keyHash.length === 32, 'the key is stored as its SHA-256');
    return [
      bytesOf(id), show, bytesOf(hold), bytesOf(person), bytesOrNull(session), bytesOrNull(account), keyHash, 'open', amountOf(lines), currency, feePolicy,
      buyer.name, buyer.email, request, written('NOW(3)'), written('NOW(3)'),
    ];
  });
  await tx.query(
    `INSERT INTO ticket_order (id, show_id, hold_id, person, session, account, key_hash, state, amount, currency, fee_policy,
       buyer_name, buyer_email, request, made_at, moved_at) VALUES ?`,
    [rows],
  );
  const lines = orders.flatMap((order) => order.lines.map(({ seat, grade, face, fee, coupon, points, paid }, line) => [
    bytesOf(order.id), line, order.show, seat, grade, face, fee, coupon, points, paid, 'open', 0,
  ]));
  await tx.query('INSERT INTO order_line (order_id, line, show_id, seat_no, grade, face, fee, coupon, points, paid, state, refunded) VALUES ?', [lines]);
  return orders.map(() => undefined);
});

export const readOrder = gathered<Queryable, OpaqueId, TicketOrder | undefined>((session, ids) => readOrders(session, ids, ''));
/** Locks the order's row; throws RowsLocked when somebody else has it. Lock order of the whole system: hold, then order, then attempt. */
export const lockOrder = gathered<Tx, OpaqueId, TicketOrder | undefined>(async (tx, ids) => {
  const orders = await readOrders(tx, ids, ' FOR UPDATE SKIP LOCKED');
  const lockedElsewhere = await thereAll(tx, ids.filter((_, index) => orders[index] === undefined));
  return ids.map((id, index) => (lockedElsewhere.has(id) ? new RowsLocked('ticket_order') : orders[index]));
});

/** Those of the orders that exist: what SKIP LOCKED has left out of an answer is locked elsewhere, or not there. */
async function thereAll(tx: Tx, ids: readonly OpaqueId[]): Promise<ReadonlySet<OpaqueId>> {
  if (ids.length === 0) return new Set();
  const rows = await readArrays<[Buffer]>(tx, 'SELECT id FROM ticket_order FORCE INDEX (PRIMARY) WHERE id IN (?)', [hexList(ids)]);
  return new Set(rows.map(([id]) => idOf(id)));
}

/** Whose an order is, and nothing else of it: what is asked before anything about it may be told. */
export const readOrderPerson = gathered<Queryable, OpaqueId, OpaqueId | undefined>(async (session, ids) => {
  const rows = await readArrays<[Buffer, Buffer]>(session, 'SELECT id, person FROM ticket_order FORCE INDEX (PRIMARY) WHERE id IN (?)', [hexList(ids)]);
  const persons = new Map(rows.map(([id, person]) => [idOf(id), idOf(person)]));
  return ids.map((id) => persons.get(id));
});

const ORDER_COLUMNS = `id, show_id, hold_id, person, session, account, key_hash, state, amount, currency, fee_policy, buyer_name, buyer_email, request,
  refusal, made_at, paid_at`;
type OrderColumns = [
  id: Buffer, show: ShowId, hold: Buffer, person: Buffer, session: Buffer | null, account: Buffer | null, keyHash: Buffer, state: OrderState, amount: number,
  currency: Currency, feePolicy: number, buyerName: string | null, buyerEmail: string | null, request: string, refusal: unknown,
  madeAt: Date, paidAt: Date | null,
];
const orderOf = (columns: OrderColumns, lines: readonly StoredLine[]): TicketOrder => {
  const [id, show, hold, person, session, account, keyHash, state, amount, currency, feePolicy, name, email, request, ...rest] = columns;
  const [refusal, madeAt, paidAt] = rest;
  return {
    id: idOf(id), show, hold: idOf(hold), person: idOf(person), session: idOrNull(session), account: idOrNull(account), keyHash, state, amount, currency,
    feePolicy, buyer: { name, email }, request, refusal: refusal === null ? null : jsonOf(refusal), madeAt, paidAt, lines,
  };
};

async function readOrders(session: Queryable, ids: readonly OpaqueId[], lock: string): Promise<readonly (TicketOrder | undefined)[]> {
  const sql = `SELECT ${ORDER_COLUMNS} FROM ticket_order FORCE INDEX (PRIMARY) WHERE id IN (?) ORDER BY id${lock}`;
  const rows = await readArrays<OrderColumns>(session, sql, [hexList(ids)]);
  const lines = await readLines(session, rows.map(([id]) => idOf(id)));
  const found = new Map(rows.map((row) => [idOf(row[0]), row]));
  return ids.map((id) => {
    const row = found.get(id);
    return row === undefined ? undefined : orderOf(row, lines.get(id) ?? []);
  });
}

type LineColumns = [
  order: Buffer, line: number, seat: number, grade: string, face: number, fee: number, coupon: number, points: number, paid: number, state: LineState,
  refunded: number,
];
async function readLines(session: Queryable, orders: readonly OpaqueId[]): Promise<Map<OpaqueId, StoredLine[]>> {
  const all = new Map<OpaqueId, StoredLine[]>();
  if (orders.length === 0) return all;
  const sql = `SELECT order_id, line, seat_no, grade, face, fee, coupon, points, paid, state, refunded FROM order_line
    WHERE order_id IN (?) ORDER BY order_id, line`;
  const rows = await readArrays<LineColumns>(session, sql, [hexList(orders)]);
  for (const [order, line, seat, grade, face, fee, coupon, points, paid, state, refunded] of rows) {
    const id = idOf(order);
    all.set(id, [...(all.get(id) ?? []), { line, seat, grade, face, fee, coupon, points, paid, state, refunded }]);
  }
  return all;
}

const ORDERS_MAX = 200;
/** Orders of a person or of an account, newest first. */
export type OrdersOwner = { readonly person: OpaqueId } | { readonly account: OpaqueId } | { readonly session: OpaqueId };
export async function ordersOfPerson(session: Queryable, owner: OrdersOwner, limit: number = ORDERS_MAX): Promise<readonly TicketOrder[]> {
  const [column, id] = Object.entries(owner)[0] as [string, OpaqueId];
  invariant(['person', 'account', 'session'].includes(column), 'orders are found by person, account or session');
  const rows = await readArrays<OrderColumns>(
    session, `SELECT ${ORDER_COLUMNS} FROM ticket_order WHERE ${column} = ? ORDER BY made_at DESC LIMIT ?`, [bytesOf(id), Math.min(limit, ORDERS_MAX)],
  );
  const lines = await readLines(session, rows.map(([order]) => idOf(order)));
  return rows.map((row) => orderOf(row, lines.get(idOf(row[0])) ?? []));
}

/** Orders of a show in one state that last moved before `olderMs` ago, oldest first: what a reconciler or a cancelled show has to work through. */
export async function ordersInState(
  session: Queryable, state: OrderState, options: { readonly olderMs?: number; readonly show?: ShowId; readonly limit: number },
): Promise<readonly OpaqueId[]> {
  const values: SqlValue[] = [state, (options.olderMs ?? 0) * 1_000];
  const ofShow = options.show === undefined ? '' : ' AND show_id = ?';
  if (options.show !== undefined) values.push(options.show);
  const sql = `SELECT id FROM ticket_order WHERE state = ? AND moved_at <= NOW(3) - INTERVAL ? MICROSECOND${ofShow} ORDER BY moved_at LIMIT ?`;
  return (await readArrays<[Buffer]>(session, sql, [...values, options.limit])).map(([id]) => idOf(id));
}

/** State and amount of orders, for an audit that compares them with money: the named ones, or a page of paid ones in order of ids. */
export type OrderBalance = { readonly id: OpaqueId; readonly state: OrderState; readonly amount: number };
type BalanceColumns = [Buffer, OrderState, number];
const balanceOf = ([id, state, amount]: BalanceColumns): OrderBalance => ({ id: idOf(id), state, amount });

export async function balancesOf(session: Queryable, orders: readonly OpaqueId[]): Promise<readonly OrderBalance[]> {
  if (orders.length === 0) return [];
  return (await readArrays<BalanceColumns>(session, 'SELECT id, state, amount FROM ticket_order WHERE id IN (?)', [orders.map(bytesOf)])).map(balanceOf);
}
export async function paidBalances(session: Queryable, page: { readonly after: OpaqueId | null; readonly limit: number }): Promise<readonly OrderBalance[]> {
  const sql = "SELECT id, state, amount FROM ticket_order FORCE INDEX (PRIMARY) WHERE state = 'paid' AND amount > 0 AND id > ? ORDER BY id LIMIT ?";
  return (await readArrays<BalanceColumns>(session, sql, [page.after === null ? Buffer.alloc(0) : bytesOf(page.after), page.limit])).map(balanceOf);
}

export type MoveOrder = {
  /** Narrower than what the diagram allows. */
  readonly from?: readonly OrderState[];
  readonly refusal?: TicketOrder['refusal'];
};
/**
 * Compare-and-set along the diagram of `TicketOrder`; false when the order is not in a state that may go to `to`. Locks the row; throws
 * RowsLocked when somebody else has it: a wait would hold up everybody in the same transaction.
 */
export const moveOrder = (tx: Tx, id: OpaqueId, to: OrderState, options: MoveOrder = {}): Promise<boolean> => moveGathered(tx, { id, to, ...options });

type OrderMove = MoveOrder & { readonly id: OpaqueId; readonly to: OrderState };
const moveGathered = gathered<Tx, OrderMove, boolean>(async (tx, moves) => {
  const answers = new Map<OrderMove, boolean | RowsLocked>();
  for (const alike of alikeOf(moves, ({ to, from, refusal }) => JSON.stringify([to, from, refusal === undefined, refusal]), ({ id }) => id)) {
    const moved = await moveAlike(tx, alike.map(({ id }) => id), alike[0] as OrderMove);
    for (const move of alike) answers.set(move, moved(move.id));
  }
  return moves.map((move) => answers.get(move) ?? false);
});

/** Locks them, then moves those that may: the answer is known for each. */
async function moveAlike(
  tx: Tx, ids: readonly OpaqueId[], { to, from: narrower, refusal }: OrderMove,
): Promise<(id: OpaqueId) => boolean | RowsLocked> {
  const from = statesBefore(to).filter((state) => narrower === undefined || narrower.includes(state));
  if (from.length === 0) return () => false;
  const sql = 'SELECT id, state FROM ticket_order FORCE INDEX (PRIMARY) WHERE id IN (?) ORDER BY id FOR UPDATE SKIP LOCKED';
  const states = new Map((await readArrays<[Buffer, OrderState]>(tx, sql, [hexList(ids)])).map(([id, state]) => [idOf(id), state]));
  const lockedElsewhere = await thereAll(tx, ids.filter((id) => !states.has(id)));
  const movable = [...states].filter(([, state]) => from.includes(state)).map(([id]) => id);
  if (movable.length > 0) {
    const paid = to === 'paid' ? ', paid_at = COALESCE(paid_at, NOW(3))' : '';
    const values: SqlValue[] = [to];
    if (refusal !== undefined) values.push(refusal === null ? null : JSON.stringify(refusal));
    const [{ affectedRows }] = await tx.query<ResultSetHeader>(
      `UPDATE ticket_order FORCE INDEX (PRIMARY) SET state = ?, moved_at = NOW(3)${paid}${refusal === undefined ? '' : ', refusal = ?'} WHERE id IN (?)`,
      [...values, hexList(movable)],
    );
    invariant(affectedRows === movable.length, 'an order changed under its lock');
  }
  const moved = new Set(movable);
  return (id) => (lockedElsewhere.has(id) ? new RowsLocked('ticket_order') : moved.has(id));
}

/** Before it is paid the latest word counts; false when the order is past that. Locks the row. */
export async function setBuyer(session: Queryable, id: OpaqueId, { name, email }: Buyer): Promise<boolean> {
  const sql = 'UPDATE ticket_order SET buyer_name = ?, buyer_email = ? WHERE id = ? AND state IN (?)';
  const [{ affectedRows }] = await session.query<ResultSetHeader>(sql, [name, email, bytesOf(id), UNPAID_STATES]);
  return affectedRows === 1;
}

/** Lines of an order from one state to the next, all or the named ones; returns how many moved. `refunded` is set for one line at a time. */
export async function moveLines(tx: Tx, order: OpaqueId, from: LineState, to: LineState, lines?: readonly number[]): Promise<number> {
  const named = lines === undefined ? '' : ' AND line IN (?)';
  if (lines?.length === 0) return 0;
  const [{ affectedRows }] = await tx.query<ResultSetHeader>(
    `UPDATE order_line SET state = ? WHERE order_id = ? AND state = ?${named}`, [to, bytesOf(order), from, ...(lines === undefined ? [] : [lines])],
  );
  return affectedRows;
}
/** Fixes what a cancelled line got back; once. */
export async function refundLine(tx: Tx, order: OpaqueId, line: number, refunded: number): Promise<boolean> {
  const sql = "UPDATE order_line SET state = 'cancelled', refunded = ? WHERE order_id = ? AND line = ? AND state = 'cancelling' AND refunded = 0";
  const [{ affectedRows }] = await tx.query<ResultSetHeader>(sql, [refunded, bytesOf(order), line]);
  return affectedRows === 1;
}
