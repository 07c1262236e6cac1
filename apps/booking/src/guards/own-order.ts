import { ordersOfPerson, readOrder, readOrderPerson, type TicketOrder } from '@onsale/booking';
import { CLIENT_KEY_HEADER, ORDER_KEY_HEADER, ORDERS_LISTED_MAX, ProblemError } from '@onsale/contract';
import type { Queryable } from '@onsale/database';
import { identityOf } from '@onsale/entry-token';
import type { OpaqueId } from '@onsale/kernel';
import { judgeOrderKey, opensOrder } from '@onsale/sales';
import type { FastifyRequest } from 'fastify';
import type { BookingContext } from '../context.ts';

/**
 * B9: another's order does not exist for whoever asks. An order opens to whoever shows its key and, where no key is shown, to the person it was
 * made by: the holder of the device cookie, or of the client key. So a browser that keeps nothing but its cookies has its orders and tickets.
 *
 * These routes ask for no session, so a stranger must not reach the connections that money needs: what cannot be a key costs no query, and what
 * only the database can tell from a guess (a key, whose an order is) is asked beside the money, few at a time and by source (see Guesses).
 */
export async function ownOrder(context: BookingContext, request: FastifyRequest<{ Params: { id: OpaqueId } }>): Promise<TicketOrder> {
  const { id } = request.params;
  const header = request.headers[ORDER_KEY_HEADER];
  const order = header === undefined ? await orderOfHolder(context, request, id) : await orderOfKey(context, request, id, header);
  if (order === undefined) throw new ProblemError('not-found');
  return order;
}

/** Orders of whoever asks, the newest first. Throws no-identity. */
export async function ownOrders(context: BookingContext, request: FastifyRequest): Promise<readonly TicketOrder[]> {
  const person = personOf(context, request);
  if (person === undefined) throw new ProblemError('no-identity');
  return await context.guesses.ask(request, () => ordersOfPerson(context.database.reads, { person }, ORDERS_LISTED_MAX), () => false);
}

async function orderOfKey(context: BookingContext, request: FastifyRequest, id: OpaqueId, header: string | string[]): Promise<TicketOrder | undefined> {
  const presented = typeof header === 'string' ? header : undefined;
  const judged = judgeOrderKey(context.sales.orderKeys, id, presented);
  if (judged === 'none') return undefined;
  const read = async (reads: Queryable): Promise<TicketOrder | undefined> => {
    const order = await readOrder(reads, id);
    return order !== undefined && opensOrder(presented, order) ? order : undefined;
  };
  if (judged === 'sound') return await read(context.database.money);
  return await context.guesses.ask(request, () => read(context.database.reads), (order) => order === undefined);
}

async function orderOfHolder(context: BookingContext, request: FastifyRequest, id: OpaqueId): Promise<TicketOrder | undefined> {
  const person = personOf(context, request);
  if (person === undefined) return undefined;
  const owner = await context.guesses.ask(request, () => readOrderPerson(context.database.reads, id), (found) => found !== person);
  return owner === person ? await readOrder(context.database.money, id) : undefined;
}

const personOf = ({ guard }: BookingContext, request: FastifyRequest): OpaqueId | undefined => {
  const holder = guard.holder(request, request.headers[CLIENT_KEY_HEADER] as string | undefined);
  return holder === undefined ? undefined : (identityOf(holder).toString('base64url') as OpaqueId);
};
