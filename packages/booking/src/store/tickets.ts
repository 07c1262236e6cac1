import { invariant, type OpaqueId, type ShowId } from '@onsale/kernel';
import { gathered, RowsLocked, type Queryable, type ResultSetHeader, type Tx } from '@onsale/database';
import { mayMoveTicket, type TicketState } from '../rules/ticket.ts';
import { readArrays } from './lock-rows.ts';
import { bytesOf, hexList, idOf, written } from './sql-text.ts';

export type Ticket = {
  readonly id: OpaqueId;
  readonly order: OpaqueId;
  readonly line: number;
  readonly show: ShowId;
  readonly seat: number;
  readonly generation: number;
  readonly state: TicketState;
};

/**
 * One ticket for each open line of the order, and the lines → paid; `newId` makes each ticket's id. Runs in the transaction that settles the
 * hold, so paid and ticketed are one step (B3). Again: no line is open, nothing happens. Returns how many were issued. Throws RowsLocked when
 * somebody else has a line of the order.
 */
export const issueTickets = (tx: Tx, order: OpaqueId, newId: (line: number) => OpaqueId): Promise<number> => issueGathered(tx, { order, newId });

type Issue = { readonly order: OpaqueId; readonly newId: (line: number) => OpaqueId };
const issueGathered = gathered<Tx, Issue, number>(async (tx, issues) => {
  const newIds = new Map(issues.map(({ order, newId }) => [order, newId]));
  invariant(newIds.size === issues.length, 'tickets of one order are issued twice at once');
  const locked = await lockOpenLines(tx, [...newIds.keys()]);
  const lines = issues.flatMap(({ order }) => locked.get(order) ?? []);
  const answers = issues.map(({ order }) => locked.get(order)?.length ?? new RowsLocked('order_line'));
  if (lines.length === 0) return answers;
  const rows = lines.map(([order, line, show, seat]) => [
    bytesOf((newIds.get(idOf(order)) as Issue['newId'])(line)), order, line, show, seat, 1, 'valid', written('NOW(3)'), written('NOW(3)'),
  ]);
  await tx.query('INSERT INTO ticket (id, order_id, line, show_id, seat_no, generation, state, made_at, moved_at) VALUES ?', [rows]);
  const changed = "UPDATE order_line FORCE INDEX (PRIMARY) SET state = 'paid' WHERE order_id IN (?) AND state = 'open'";
  const [{ affectedRows }] = await tx.query<ResultSetHeader>(changed, [hexList(locked.keys())]);
  invariant(affectedRows === lines.length, 'a line changed under its lock');
  return answers;
});

type OpenLine = readonly [order: Buffer, line: number, show: ShowId, seat: number, open: number];
/**
 * The open lines of each order, locked; an order is missing when somebody else has one of its lines. Each line carries how many are open,
 * read without a lock: SKIP LOCKED leaves out what it cannot have.
 */
async function lockOpenLines(tx: Tx, orders: readonly OpaqueId[]): Promise<ReadonlyMap<OpaqueId, readonly OpenLine[]>> {
  const countOf = "SELECT COUNT(*) FROM order_line AS every WHERE every.order_id = mine.order_id AND every.state = 'open'";
  const sql = `SELECT order_id, line, show_id, seat_no, (${countOf}) FROM order_line AS mine FORCE INDEX (PRIMARY)
    WHERE order_id IN (?) AND state = 'open' ORDER BY order_id, line FOR UPDATE SKIP LOCKED`;
  const byOrder = Map.groupBy(await readArrays<OpenLine>(tx, sql, [hexList(orders)]), ([order]) => idOf(order));
  const none = orders.filter((order) => !byOrder.has(order));
  const left = none.length === 0 ? [] : await readArrays<[Buffer]>(
    tx, "SELECT DISTINCT order_id FROM order_line FORCE INDEX (PRIMARY) WHERE order_id IN (?) AND state = 'open'", [hexList(none)],
  );
  const lockedElsewhere = new Set(left.map(([order]) => idOf(order)));
  for (const [order, lines] of byOrder) if (lines.length !== Number(lines[0]?.[4])) lockedElsewhere.add(order);
  return new Map(orders.filter((order) => !lockedElsewhere.has(order)).map((order) => [order, byOrder.get(order) ?? []]));
}

const TICKET_COLUMNS = 'id, order_id, line, show_id, seat_no, generation, state';
type TicketColumns = [id: Buffer, order: Buffer, line: number, show: ShowId, seat: number, generation: number, state: TicketState];
const ticketOf = ([id, order, line, show, seat, generation, state]: TicketColumns): Ticket => ({
  id: idOf(id), order: idOf(order), line, show, seat, generation, state,
});

export const ticketsOf = gathered<Queryable, OpaqueId, readonly Ticket[]>(async (session, orders) => {
  const sql = `SELECT ${TICKET_COLUMNS} FROM ticket WHERE order_id IN (?) ORDER BY order_id, line, generation`;
  const byOrder = Map.groupBy((await readArrays<TicketColumns>(session, sql, [hexList(orders)])).map(ticketOf), ({ order }) => order);
  return orders.map((order) => byOrder.get(order) ?? []);
});
export async function readTicket(session: Queryable, id: OpaqueId): Promise<Ticket | undefined> {
  const [row] = await readArrays<TicketColumns>(session, `SELECT ${TICKET_COLUMNS} FROM ticket WHERE id = ?`, [bytesOf(id)]);
  return row === undefined ? undefined : ticketOf(row);
}
/** Compare-and-set along the ticket's diagram; false when it is not in `from`. Cancelling goes: ticket void, refund, seat return. */
export async function moveTicket(tx: Tx, id: OpaqueId, from: TicketState, to: TicketState): Promise<boolean> {
  invariant(mayMoveTicket(from, to), `a ticket does not go from ${from} to ${to}`);
  const [{ affectedRows }] = await tx.query<ResultSetHeader>(
    'UPDATE ticket SET state = ?, moved_at = NOW(3) WHERE id = ? AND state = ?', [to, bytesOf(id), from],
  );
  return affectedRows === 1;
}
