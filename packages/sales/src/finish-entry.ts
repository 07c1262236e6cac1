import type { TicketOrder } from '@onsale/booking';
import { addOutboxRow, type Tx } from '@onsale/database';
import type { OpaqueId, Place, RoomId } from '@onsale/kernel';
import type { SalesContext } from './context.ts';

/** An entry whose last allowed order is about to be paid: its session ends and its slot becomes free. */
export type FinishingEntry = { readonly sid: OpaqueId; readonly room: RoomId; readonly place: Place };

/**
 * Read before the paying transaction: the session's row never changes its room and place. Null when the order came from no
 * session, or when its entry allows more orders than it has made.
 */
export async function finishingEntry(context: SalesContext, order: Pick<TicketOrder, 'session' | 'show'>): Promise<FinishingEntry | null> {
  if (order.session === null) return null;
  const session = await context.sessions.read(order.session);
  if (session === undefined) return null;
  const allowed = (await context.books.open(order.show))?.terms().limits.ordersPerEntry ?? 1;
  if (allowed > 1 && (await context.sessions.use(order.session)).orders < allowed) return null;
  return { sid: order.session, room: session.room, place: session.place };
}

/**
 * Ends the session and asks the waiting room to free the slot, in the transaction that decides it (the order is paid, or nothing was held for too
 * long): the fan's ticket and the next fan's call are promised together, or neither is.
 */
export async function writeFinish(
  context: Pick<SalesContext, 'sessions'>, tx: Tx, entry: FinishingEntry | null, reason: 'finished' | 'idle' = 'finished',
): Promise<void> {
  if (entry === null) return;
  await context.sessions.end(tx, entry.sid, reason);
  await addOutboxRow(tx, { kind: 'finish', key: `place:${entry.room}:${entry.place}`, payload: { room: entry.room, place: entry.place } });
}
