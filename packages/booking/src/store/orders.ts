import type { Currency, OpaqueId, ShowId } from '@onsale/kernel';
import type { Queryable, Tx } from '@onsale/database';
import type { OrderState } from '../rules/ticket-order.ts';
import type { PricedLine } from '../rules/pricing.ts';
import type { TicketState } from '../rules/ticket.ts';

const notBuilt = (): never => {
  throw new Error('not built yet');
};

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
};
export type TicketOrder = NewTicketOrder & {
  readonly state: OrderState;
  /** Σ paid of its lines. */
  readonly amount: number;
  readonly refusal: { readonly code: string; readonly message: string } | null;
  readonly madeAt: Date;
  readonly paidAt: Date | null;
};
export type LineState = 'open' | 'paid' | 'cancelling' | 'cancelled';
export type StoredLine = PricedLine & { readonly line: number; readonly state: LineState; readonly refunded: number };
export type Ticket = {
  readonly id: OpaqueId;
  readonly order: OpaqueId;
  readonly line: number;
  readonly show: ShowId;
  readonly seat: number;
  readonly generation: number;
  readonly state: TicketState;
};

/** Writes an order in `open` with its lines. For `alongside` of an `order` command. */
export const insertOrder: (tx: Tx, order: NewTicketOrder) => Promise<void> = notBuilt;
export const readOrder: (session: Queryable, id: OpaqueId) => Promise<TicketOrder | undefined> = notBuilt;
/** Locks the order's row (waits). Lock order: hold before order before attempt. */
export const lockOrder: (tx: Tx, id: OpaqueId) => Promise<TicketOrder | undefined> = notBuilt;
/** Compare-and-set along the diagram; false when the order is in no state that may go to `to`, or not in `from`. */
export const moveOrder: (tx: Tx, id: OpaqueId, to: OrderState, options?: { readonly from?: readonly OrderState[]; readonly refusal?: TicketOrder['refusal'] }) => Promise<boolean> = notBuilt;
export const ordersOfPerson: (session: Queryable, owner: { readonly person?: OpaqueId; readonly account?: OpaqueId }, limit: number) => Promise<readonly TicketOrder[]> = notBuilt;
/** One ticket for every open line, lines → paid. Ids come from the caller. Again: nothing. */
export const issueTickets: (tx: Tx, order: OpaqueId, ids: readonly OpaqueId[]) => Promise<void> = notBuilt;
export const ticketsOf: (session: Queryable, order: OpaqueId) => Promise<readonly Ticket[]> = notBuilt;
/** Void before refund before seat return. False when the ticket was used or void already. */
export const moveTicket: (tx: Tx, id: OpaqueId, from: TicketState, to: TicketState) => Promise<boolean> = notBuilt;
