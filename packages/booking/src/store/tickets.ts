import { invariant, type OpaqueId, type ShowId } from '@onsale/kernel';
import type { Queryable, ResultSetHeader, Tx } from '@onsale/database';
import { mayMoveTicket, type TicketState } from '../rules/ticket.ts';
import { readArrays } from './lock-rows.ts';
import { bytesOf, idOf, written } from './sql-text.ts';

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
 * hold, so paid and ticketed are one step (B3). Again: no line is open, nothing happens. Returns how many were issued.
 */
export async function issueTickets(tx: Tx, order: OpaqueId, newId: (line: number) => OpaqueId): Promise<number> {
  const lines = await readArrays<[number, ShowId, number]>(
    tx, "SELECT line, show_id, seat_no FROM order_line WHERE order_id = ? AND state = 'open' ORDER BY line FOR UPDATE", [bytesOf(order)],
  );
  if (lines.length === 0) return 0;
  const rows = lines.map(([line, show, seat]) => [bytesOf(newId(line)), bytesOf(order), line, show, seat, 1, 'valid', written('NOW(3)'), written('NOW(3)')]);
  await tx.query('INSERT INTO ticket (id, order_id, line, show_id, seat_no, generation, state, made_at, moved_at) VALUES ?', [rows]);
  const [{ affectedRows }] = await tx.query<ResultSetHeader>("UPDATE order_line SET state = 'paid' WHERE order_id = ? AND state = 'open'", [bytesOf(order)]);
  invariant(affectedRows === lines.length, 'a line changed under its lock');
  return lines.length;
}

const TICKET_COLUMNS = 'id, order_id, line, show_id, seat_no, generation, state';
type TicketColumns = [id: Buffer, order: Buffer, line: number, show: ShowId, seat: number, generation: number, state: TicketState];
const ticketOf = ([id, order, line, show, seat, generation, state]: TicketColumns): Ticket => ({
  id: idOf(id), order: idOf(order), line, show, seat, generation, state,
});

export async function ticketsOf(session: Queryable, order: OpaqueId): Promise<readonly Ticket[]> {
  return (await readArrays<TicketColumns>(
    session, `SELECT ${TICKET_COLUMNS} FROM ticket WHERE order_id = ? ORDER BY line, generation`, [bytesOf(order)],
  )).map(ticketOf);
}
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
