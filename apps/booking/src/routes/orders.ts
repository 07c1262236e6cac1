import { nameSeat, readHold, readOrder, type TicketOrder } from '@onsale/booking';
import { ORDER_KEY_HEADER, OrderBody, OrderParams, ProblemError, type OrderReply } from '@onsale/contract';
import type { OpaqueId, ShowId } from '@onsale/kernel';
import { idempotencyKeyOf } from '@onsale/runtime';
import { cancelUnpaidOrder, judgeOrderKey, opensOrder, placeOrder, ticketViews } from '@onsale/sales';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { BookingContext } from '../context.ts';
import { countGuess } from '../guards/count-guess.ts';
import { salesProblem } from '../refusals.ts';
import { bookOf } from './seat-map.ts';

type OrderInput = { show: ShowId; hold: OpaqueId; buyer?: { name?: string; email?: string } };

/** Orders: the session gates making one; afterwards the order key does, session or not. */
export function orderRoutes(server: FastifyInstance, context: BookingContext): void {
  server.post<{ Body: OrderInput }>('/orders', { schema: { body: OrderBody }, config: { importance: 'high' } }, async (request, reply) => {
    const { show, hold, buyer = {} } = request.body;
    const session = context.guard.sessionFor(request, 'write', show);
    const placed = await placeOrder(context.sales, {
      show, hold, person: session.personText, session: session.sidText, account: null, idempotencyKey: idempotencyKeyOf(request),
      buyer: { name: buyer.name ?? null, email: buyer.email ?? null },
    });
    if (!placed.ok) throw salesProblem(placed.refusal);
    const { order, orderKey, again } = placed.value;
    return reply.code(again ? 200 : 201).send({ ...(await orderReply(context, order)), orderKey });
  });

  server.get<{ Params: { id: OpaqueId } }>('/orders/:id', { schema: { params: OrderParams }, config: { importance: 'high' } }, async (request) => {
    return await orderReply(context, await ownOrder(context, request));
  });

  server.delete<{ Params: { id: OpaqueId } }>('/orders/:id', { schema: { params: OrderParams }, config: { importance: 'high' } }, async (request, reply) => {
    const cancelled = await cancelUnpaidOrder(context.sales, await ownOrder(context, request));
    if (!cancelled.ok) throw salesProblem(cancelled.refusal);
    return reply.code(204).send();
  });
}

/**
 * B9: another's order does not exist for whoever asks. These routes ask for no session, so a stranger must not reach the connections that
 * money needs: what cannot be a key costs no query, and guesses are counted by source before they cost one.
 */
export async function ownOrder(context: BookingContext, request: FastifyRequest<{ Params: { id: OpaqueId } }>): Promise<TicketOrder> {
  const header = request.headers[ORDER_KEY_HEADER];
  const presented = typeof header === 'string' ? header : undefined;
  const judged = judgeOrderKey(context.sales.orderKeys, request.params.id, presented);
  if (judged === 'none') throw new ProblemError('not-found');
  if (judged === 'guess') countGuess(context, request);
  const order = await readOrder(context.database.money, request.params.id);
  if (order === undefined || !opensOrder(presented, order)) throw new ProblemError('not-found');
  return order;
}

export async function orderReply(context: BookingContext, order: TicketOrder): Promise<OrderReply> {
  const book = await bookOf(context, order.show);
  const terms = book.terms();
  const seats = order.lines.map(({ seat, face, fee }) => ({ ...nameSeat(book.index, seat), price: face, fee }));
  const bySeat = new Map(seats.map((seat) => [seat.seat, seat]));
  const tickets = order.state === 'paid' || order.state === 'refunding' ? await ticketViews(context.sales, context.ticketSigner, order) : [];
  return {
    id: order.id,
    show: order.show,
    state: order.state,
    seats,
    amount: order.amount,
    currency: order.currency,
    remainingMs: await remainingMsOf(context, order),
    tickets: tickets.flatMap(({ id, seat, credential, state }) => {
      const named = bySeat.get(seat);
      return named === undefined ? [] : [{ id, seat: named, credential, state: state === 'suspended' ? ('void' as const) : state }];
    }),
    event: terms.eventName,
    venue: terms.venueName,
    startsAt: terms.startsAt.toISOString(),
    refusal: order.refusal,
  };
}

/** What is left of the hold; null once the order is paid, over, or waits for the provider's word, which no clock ends. */
async function remainingMsOf(context: BookingContext, order: TicketOrder): Promise<number | null> {
  if (order.state !== 'open' && order.state !== 'paying') return null;
  const hold = await readHold(context.database.money, order.show, order.hold);
  return hold === undefined || hold.state !== 'live' ? 0 : hold.remainingMs;
}
