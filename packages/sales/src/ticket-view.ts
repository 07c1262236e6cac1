import { ticketsOf, type Ticket, type TicketOrder } from '@onsale/booking';
import { HOUR_MS } from '@onsale/kernel';
import type { SalesContext } from './context.ts';
import type { TicketSigner } from './ticket-credential.ts';

/** Doors open this long before the start, and a ticket is good this long after it. */
const DOORS_BEFORE_MS = 6 * HOUR_MS;
const GOOD_AFTER_MS = 12 * HOUR_MS;

/** A ticket as its owner may see it. The credential is made on reading: it is a pure function of the row and the show's key. */
export type TicketView = Ticket & { readonly credential: string };

/** The tickets of an order; none before it is paid. Only for who has proved to own the order. */
export async function ticketViews(context: Pick<SalesContext, 'database' | 'books'>, signer: TicketSigner, order: TicketOrder): Promise<readonly TicketView[]> {
  const book = await context.books.open(order.show);
  if (book === undefined) return [];
  const startsMs = book.terms().startsAt.getTime();
  const tickets = await ticketsOf(context.database.reads, order.id);
  return tickets.map((ticket) => ({
    ...ticket,
    credential: signer.sign({
      ticket: ticket.id, show: ticket.show, seat: ticket.seat, generation: ticket.generation,
      fromS: Math.floor((startsMs - DOORS_BEFORE_MS) / 1_000), toS: Math.floor((startsMs + GOOD_AFTER_MS) / 1_000),
    }),
  }));
}
