/**
 * A ticket order (`TicketOrder`): the seats of one hold, priced, for one buyer.
 *
 *         window opened            buyer returned           paid
 *   open ───────────────► paying ───────────────► confirming ─────► paid ──► refunding ──► refunded
 *    │ │ ◄── abandoned ──── │ ◄──── card refused ────│    │           ▲          (all tickets cancelled;
 *    │ │                    │                        │    │ account   │           some: stays paid)
 *    │ └─ costs nothing ────┼────────────────────────┼────┼───────────┤
 *    │                      │                        │    ▼           │ deposit came
 *    │ cancelled by buyer   │                        │  awaiting-deposit
 *    ├─────────► cancelled ◄┘                        │    │ due + grace over, looked up
 *    ▼                                               ▼    ▼
 *  expired ◄─── (hold lapsed) ─── paying          expired (provider silent for too long; a late success: paid, or refunded)
 */
export const ORDER_STATES = ['open', 'paying', 'confirming', 'awaiting-deposit', 'paid', 'cancelled', 'expired', 'refunding', 'refunded'] as const;
export type OrderState = (typeof ORDER_STATES)[number];

const NEXT: Record<OrderState, readonly OrderState[]> = {
  open: ['paying', 'paid', 'cancelled', 'expired'],
  paying: ['open', 'confirming', 'cancelled', 'expired'],
  confirming: ['paying', 'paid', 'awaiting-deposit', 'expired'],
  'awaiting-deposit': ['paid', 'expired', 'cancelled'],
  paid: ['refunding'],
  refunding: ['refunded', 'paid'],
  refunded: [],
  cancelled: ['paid', 'refunding'],
  expired: ['paid', 'refunding'],
};
/** Whether the order may go from one state to the other. Late money moves `expired` and `cancelled` (seated, or refunded). */
export const mayMoveOrder = (from: OrderState, to: OrderState): boolean => NEXT[from].includes(to);
/** States that may go to `to`: the predicate of the compare-and-set. */
export const statesBefore = (to: OrderState): readonly OrderState[] => ORDER_STATES.filter((from) => mayMoveOrder(from, to));
/** On the way to be paid: nothing has been decided for good. */
export const UNPAID_STATES: readonly OrderState[] = ['open', 'paying', 'confirming', 'awaiting-deposit'];
/** Whether the order counts against `ordersPerEntry` and keeps its seats. */
export const isOrderAlive = (state: OrderState): boolean => !['cancelled', 'expired', 'refunded'].includes(state);
