import { Type, type TSchema } from 'typebox';
import * as admission from './admission.ts';
import * as booking from './booking.ts';
import { CONFIRM_BUDGET_MS, SHARED_BUDGET_MS } from './budgets.ts';
import * as ops from './ops.ts';
import type { ProblemCode } from './problems.ts';

/**
 * Every route on the wire, as data: the apps register them from here, the generated bad-input tests walk them, OpenAPI is made of them, and a
 * reader sees the whole API on one page. `needs` names the proof a caller must bring: `holder` the device cookie or the client key,
 * `order-key` the key of the order or, without one, its holder's.
 */
export type Need = 'nothing' | 'identity' | 'receipt' | 'entry-token' | 'session' | 'holder' | 'order-key' | 'operator' | 'internal';
export type Route = {
  readonly api: 'admission' | 'admission-internal' | 'booking' | 'ops';
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Names the operation in OpenAPI, and so the function of a generated client. */
  readonly id: string;
  readonly needs: Need;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  /** What a success answers with; none: 204 and nothing. */
  readonly reply?: TSchema;
  /** Statuses of a success; 200, or 204 without a reply, if not said. */
  readonly statuses?: readonly number[];
  /** Refusals of its own, beside those that follow from its proof and its shape (`refusalsOf`). */
  readonly refuses?: readonly ProblemCode[];
  /** Needs an Idempotency-Key. */
  readonly idempotent?: boolean;
  /** How long the app may take; BUDGET_MS if not said. */
  readonly budgetMs?: number;
  readonly summary: string;
};

type Shape = Omit<Route, 'api' | 'method' | 'path' | 'id' | 'needs' | 'summary'>;
const route = (
  api: Route['api'], method: Route['method'], path: string, id: string, needs: Need, summary: string, shape: Shape = {},
): Route => ({ api, method, path, id, needs, summary, ...shape });

const room = { params: admission.RoomParams };
const show = { params: booking.ShowParams };
const hold = { params: booking.HoldParams };
const order = { params: booking.OrderParams };
const payment = { params: booking.PaymentParams };
const shared = { budgetMs: SHARED_BUDGET_MS };
/** Made by this request, or by an earlier one with the same key. */
const made = { statuses: [201, 200] };
const SEATS = Type.Union([booking.SeatMapReply, booking.SeatDelta]);
const CHOOSING: readonly ProblemCode[] = [
  'sale-closed', 'too-many-attempts', 'lapsed-too-often', 'seat-taken', 'seat-busy', 'orphan-seat', 'limit', 'sold-out',
];
const CONFIRMING: readonly ProblemCode[] = [
  'amount-mismatch', 'hold-expired', 'order-state', 'payment-in-progress', 'payment-refused', 'seat-busy', 'sale-closed',
];

export const routes: readonly Route[] = [
  route('admission', 'GET', '/rooms/:room', 'readRoom', 'nothing', 'The room: phase, names, shows', { ...room, reply: admission.RoomReply, ...shared }),
  route('admission', 'GET', '/rooms/:room/frame', 'readFrame', 'nothing', 'The shared frame, cacheable for a second', {
    ...room, reply: admission.Frame, ...shared,
  }),
  route('admission', 'POST', '/device', 'setDevice', 'nothing', 'Sets the device cookie'),
  route('admission', 'POST', '/rooms/:room/places', 'join', 'identity', 'Joins the line; again: the same place', {
    ...room, body: admission.JoinBody, reply: admission.PlaceReply, ...made, refuses: ['full', 'rejoin-refused'],
  }),
  route('admission', 'GET', '/rooms/:room/places/me', 'readPlace', 'receipt', 'The own place; a sign of life', {
    ...room, reply: admission.PlaceReply, refuses: ['rate-limited'],
  }),
  route('admission', 'DELETE', '/rooms/:room/places/me', 'leaveLine', 'receipt', 'Leaves', room),
  route('admission', 'POST', '/rooms/:room/places/me/return', 'returnToLine', 'receipt', 'Comes back after a missed call', {
    ...room, reply: admission.PlaceReply, refuses: ['place-ended'],
  }),
  route('admission', 'POST', '/rooms/:room/places/me/entry', 'enter', 'receipt', 'Enters: the entry token', {
    ...room, reply: admission.EntryReply, refuses: ['not-called', 'place-ended', 'holder-mismatch'],
  }),
  route('admission', 'GET', '/.well-known/jwks.json', 'readKeys', 'nothing', 'Public keys of entry tokens', { reply: admission.KeySetReply, ...shared }),
  route('admission-internal', 'POST', '/rooms/:room/redeem', 'redeem', 'internal', 'Redeems an entry for a session, once', {
    ...room, body: admission.RedeemBody, reply: admission.RedeemReply,
  }),

  route('booking', 'POST', '/entry', 'openSession', 'entry-token', 'Redeems the entry token for a session', {
    body: booking.EnterBody, reply: booking.SessionReply, ...made, refuses: ['rate-limited', 'recovering', 'session-ended', 'not-found'],
  }),
  route('booking', 'GET', '/entry', 'readSession', 'session', 'The session: time and limits left', { reply: booking.SessionReply }),
  route('booking', 'DELETE', '/entry', 'endSession', 'session', 'Ends the session and frees its slot'),
  route('booking', 'GET', '/shows/:show/layout', 'readLayout', 'nothing', 'The static layout', {
    ...show, reply: booking.LayoutReply, refuses: ['rate-limited'], ...shared,
  }),
  route('booking', 'GET', '/shows/:show/seats', 'readSeats', 'session', 'State of all seats, or changes since a version', {
    ...show, query: booking.SeatsQuery, reply: SEATS,
  }),
  route('booking', 'POST', '/shows/:show/holds', 'holdSeats', 'session', 'Holds chosen or best available seats', {
    ...show, body: booking.HoldBody, reply: booking.HoldReply, ...made, idempotent: true, refuses: CHOOSING,
  }),
  route('booking', 'GET', '/shows/:show/holds/mine', 'readMyHolds', 'session', 'The living holds of this session, the newest first', {
    ...show, reply: booking.HoldsReply,
  }),
  route('booking', 'PUT', '/shows/:show/holds/:id', 'swapSeats', 'session', 'Swaps the seats of a hold, or keeps the old ones', {
    ...hold, body: booking.SwapBody, reply: booking.HoldReply, idempotent: true,
    refuses: [...CHOOSING, 'hold-expired', 'order-state', 'payment-in-progress'],
  }),
  route('booking', 'DELETE', '/shows/:show/holds/:id', 'releaseSeats', 'session', 'Gives the seats back', {
    ...hold, refuses: ['seat-busy', 'order-state', 'payment-in-progress'],
  }),
  route('booking', 'POST', '/orders', 'placeOrder', 'session', 'Makes an order of a hold', {
    body: booking.OrderBody, reply: booking.OrderReply, ...made, idempotent: true,
    refuses: ['not-found', 'sale-closed', 'hold-expired', 'order-state', 'orders-used', 'payment-in-progress', 'seat-busy'],
  }),
  route('booking', 'GET', '/orders', 'listOrders', 'holder', 'The orders of this device or client key, the newest first', { reply: booking.OrdersReply }),
  route('booking', 'GET', '/orders/:id', 'readOrder', 'order-key', 'The order, with its tickets once paid', { ...order, reply: booking.OrderReply }),
  route('booking', 'DELETE', '/orders/:id', 'cancelOrder', 'order-key', 'Cancels an unpaid order', {
    ...order, refuses: ['order-state', 'payment-in-progress', 'seat-busy'],
  }),
  route('booking', 'PUT', '/orders/:id/buyer', 'correctBuyer', 'order-key', 'Corrects the buyer until the order is paid; the latest counts', {
    ...order, body: booking.BuyerBody, reply: booking.OrderReply, refuses: ['order-state'],
  }),
  route('booking', 'POST', '/orders/:id/payments', 'openPayment', 'order-key', 'Opens a payment attempt', {
    ...order, reply: booking.PaymentReply, ...made, idempotent: true,
    refuses: ['hold-expired', 'order-state', 'payment-in-progress', 'too-many-attempts', 'seat-busy', 'sale-closed'],
  }),
  route('booking', 'POST', '/orders/:id/payments/:n/confirm', 'confirmPayment', 'order-key', 'Confirms the attempt after the window; 202: not known yet', {
    ...payment, body: booking.ConfirmBody, reply: booking.OrderReply, statuses: [200, 202], budgetMs: CONFIRM_BUDGET_MS, refuses: CONFIRMING,
  }),
  route('booking', 'POST', '/orders/:id/payments/:n/abandon', 'abandonPayment', 'order-key', 'Gives up the attempt', {
    ...payment, refuses: ['order-state', 'payment-in-progress'],
  }),
  route(
    'booking', 'POST', '/payments/confirm', 'confirmReturn', 'nothing',
    'Confirms the attempt that the provider order id names, in whatever browser the buyer came back',
    { body: booking.ConfirmBody, reply: booking.ReturnReply, budgetMs: CONFIRM_BUDGET_MS, refuses: ['not-found', ...CONFIRMING] },
  ),
  route('booking', 'POST', '/webhooks/toss', 'tossWebhook', 'nothing', 'The bell of the payment provider', { reply: booking.WebhookReply }),

  route('ops', 'POST', '/sessions', 'signIn', 'nothing', 'Signs an operator in', {
    body: ops.SignInBody, reply: ops.SignInReply, statuses: [201], refuses: ['bad-credentials', 'rate-limited'],
  }),
  route('ops', 'DELETE', '/sessions', 'signOut', 'operator', 'Signs out'),
  route('ops', 'GET', '/rooms', 'listRooms', 'operator', 'All rooms', { reply: ops.RoomListReply }),
  route('ops', 'GET', '/rooms/:room', 'readSettings', 'operator', 'Settings of a room', { ...room, reply: ops.RoomOnDeskReply }),
  route('ops', 'PATCH', '/rooms/:room', 'changeSettings', 'operator', 'Changes settings; If-Match required', {
    ...room, body: ops.RoomPatch, reply: ops.RoomOnDeskReply, refuses: ['if-match-required', 'version-conflict', 'room-not-open', 'recovering'],
  }),
  route('ops', 'GET', '/rooms/:room/shows', 'listShowLimits', 'operator', 'The shows of a room and their limits', { ...room, reply: ops.RoomShowsReply }),
  route('ops', 'PATCH', '/shows/:show/limits', 'changeShowLimits', 'operator', 'Changes limits of a show', {
    ...show, body: ops.ShowLimitsPatch, reply: ops.ShowLimitsReply,
  }),
  route('ops', 'GET', '/rooms/:room/gauges', 'readGauges', 'operator', 'Live figures', {
    ...room, reply: ops.GaugesMessage, refuses: ['recovering', 'room-not-open'],
  }),
  route('ops', 'GET', '/rooms/:room/gauges/history', 'readGaugesHistory', 'operator', 'Figures of the last minutes, the oldest first', {
    ...room, reply: ops.GaugesHistoryReply,
  }),
  route('ops', 'GET', '/rooms/:room/journal', 'readJournal', 'operator', 'Calls, ends and settings since a cursor', {
    ...room, query: ops.JournalQuery, reply: ops.JournalReply, refuses: ['recovering'],
  }),
  route('ops', 'GET', '/rooms/:room/audit-log', 'readAuditLog', 'operator', 'Who changed what', {
    ...room, query: ops.AuditLogQuery, reply: ops.AuditLogReply,
  }),
  route('ops', 'GET', '/audit', 'readAudit', 'operator', 'The auditor: invariants checked now', { reply: ops.AuditReply }),
];

export const API_PREFIX = { admission: admission.ADMISSION_PREFIX, booking: booking.BOOKING_PREFIX, ops: ops.OPS_PREFIX, 'admission-internal': '' } as const;

/** The time budget of the route that an app serves under `url`, its pattern with the prefix; undefined: not on the wire. */
export const budgetMsOf = (method: string, url: string): number | undefined => BUDGETS.get(`${method} ${url}`);

const BUDGETS: ReadonlyMap<string, number> = new Map(
  routes.flatMap(({ api, method, path, budgetMs }) => (budgetMs === undefined ? [] : [[`${method} ${API_PREFIX[api]}${path}`, budgetMs] as const])),
);
