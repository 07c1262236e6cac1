import { Type, type TSchema } from 'typebox';
import * as admission from './admission.ts';
import * as booking from './booking.ts';
import { CONFIRM_BUDGET_MS, SHARED_BUDGET_MS } from './budgets.ts';
import * as ops from './ops.ts';

/**
 * Every route on the wire, as data: the apps register them from here, the generated bad-input tests walk them, and a
 * reader sees the whole API on one page. `needs` names the proof a caller must bring: `holder` the device cookie or the client key,
 * `order-key` the key of the order or, without one, its holder's.
 */
export type Need = 'nothing' | 'identity' | 'receipt' | 'entry-token' | 'session' | 'holder' | 'order-key' | 'operator' | 'internal';
export type Route = {
  readonly api: 'admission' | 'admission-internal' | 'booking' | 'ops';
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly needs: Need;
  readonly params?: TSchema;
  readonly body?: TSchema;
  /** What a success answers with; none: nothing, or not described. */
  readonly reply?: TSchema;
  /** Needs an Idempotency-Key. */
  readonly idempotent?: boolean;
  /** How long the app may take; BUDGET_MS if not said. */
  readonly budgetMs?: number;
  readonly summary: string;
};

const route = (
  api: Route['api'],
  method: Route['method'],
  path: string,
  needs: Need,
  summary: string,
  shape: Pick<Route, 'params' | 'body' | 'reply' | 'idempotent' | 'budgetMs'> = {},
): Route => ({
  api,
  method,
  path,
  needs,
  summary,
  ...shape,
});
const room = { params: admission.RoomParams };
const show = { params: booking.ShowParams };
const hold = { params: booking.HoldParams };
const order = { params: booking.OrderParams };
const payment = { params: booking.PaymentParams };
const shared = { budgetMs: SHARED_BUDGET_MS };
const SEATS = Type.Union([booking.SeatMapReply, booking.SeatDelta]);

export const routes: readonly Route[] = [
  route('admission', 'GET', '/rooms/:room', 'nothing', 'The room: phase, names, shows', { ...room, reply: admission.RoomReply, ...shared }),
  route('admission', 'GET', '/rooms/:room/frame', 'nothing', 'The shared frame, cacheable for a second', { ...room, reply: admission.Frame, ...shared }),
  route('admission', 'POST', '/device', 'nothing', 'Sets the device cookie'),
  route('admission', 'POST', '/rooms/:room/places', 'identity', 'Joins the line; again: the same place', {
    ...room,
    body: admission.JoinBody,
    reply: admission.PlaceReply,
  }),
  route('admission', 'GET', '/rooms/:room/places/me', 'receipt', 'The own place; a sign of life', { ...room, reply: admission.PlaceReply }),
  route('admission', 'DELETE', '/rooms/:room/places/me', 'receipt', 'Leaves', room),
  route('admission', 'POST', '/rooms/:room/places/me/return', 'receipt', 'Comes back after a missed call', { ...room, reply: admission.PlaceReply }),
  route('admission', 'POST', '/rooms/:room/places/me/entry', 'receipt', 'Enters: the entry token', { ...room, reply: admission.EntryReply }),
  route('admission', 'GET', '/.well-known/jwks.json', 'nothing', 'Public keys of entry tokens', shared),
  route('admission-internal', 'POST', '/rooms/:room/redeem', 'internal', 'Redeems an entry for a session, once', { ...room, body: admission.RedeemBody }),

  route('booking', 'POST', '/entry', 'entry-token', 'Redeems the entry token for a session', { body: booking.EnterBody, reply: booking.SessionReply }),
  route('booking', 'GET', '/entry', 'session', 'The session: time and limits left', { reply: booking.SessionReply }),
  route('booking', 'DELETE', '/entry', 'session', 'Ends the session and frees its slot'),
  route('booking', 'GET', '/shows/:show/layout', 'nothing', 'The static layout', { ...show, reply: booking.LayoutReply, ...shared }),
  route('booking', 'GET', '/shows/:show/seats', 'session', 'State of all seats, or changes since a version', { ...show, reply: SEATS }),
  route('booking', 'POST', '/shows/:show/holds', 'session', 'Holds chosen or best available seats', {
    ...show,
    body: booking.HoldBody,
    reply: booking.HoldReply,
    idempotent: true,
  }),
  route('booking', 'GET', '/shows/:show/holds/mine', 'session', 'The living hold of this session', { ...show, reply: booking.HoldReply }),
  route('booking', 'PUT', '/shows/:show/holds/:id', 'session', 'Swaps the seats of a hold, or keeps the old ones', {
    ...hold,
    body: booking.SwapBody,
    reply: booking.HoldReply,
    idempotent: true,
  }),
  route('booking', 'DELETE', '/shows/:show/holds/:id', 'session', 'Gives the seats back', hold),
  route('booking', 'POST', '/orders', 'session', 'Makes an order of a hold', { body: booking.OrderBody, reply: booking.OrderReply, idempotent: true }),
  route('booking', 'GET', '/orders', 'holder', 'The orders of this device or client key, the newest first', { reply: booking.OrdersReply }),
  route('booking', 'GET', '/orders/:id', 'order-key', 'The order, with its tickets once paid', { ...order, reply: booking.OrderReply }),
  route('booking', 'DELETE', '/orders/:id', 'order-key', 'Cancels an unpaid order', order),
  route('booking', 'PUT', '/orders/:id/buyer', 'order-key', 'Corrects the buyer until the order is paid; the latest counts', {
    ...order,
    body: booking.BuyerBody,
    reply: booking.OrderReply,
  }),
  route('booking', 'POST', '/orders/:id/payments', 'order-key', 'Opens a payment attempt', { ...order, reply: booking.PaymentReply, idempotent: true }),
  route('booking', 'POST', '/orders/:id/payments/:n/confirm', 'order-key', 'Confirms the attempt after the window', {
    ...payment,
    body: booking.ConfirmBody,
    reply: booking.OrderReply,
    budgetMs: CONFIRM_BUDGET_MS,
  }),
  route('booking', 'POST', '/orders/:id/payments/:n/abandon', 'order-key', 'Gives up the attempt', payment),
  route('booking', 'POST', '/payments/confirm', 'nothing', 'Confirms the attempt that the provider order id names, in whatever browser the buyer came back', {
    body: booking.ConfirmBody,
    reply: booking.ReturnReply,
    budgetMs: CONFIRM_BUDGET_MS,
  }),
  route('booking', 'POST', '/webhooks/toss', 'nothing', 'The bell of the payment provider'),

  route('ops', 'POST', '/sessions', 'nothing', 'Signs an operator in', { body: ops.SignInBody, reply: ops.SignInReply }),
  route('ops', 'DELETE', '/sessions', 'operator', 'Signs out'),
  route('ops', 'GET', '/rooms', 'operator', 'All rooms'),
  route('ops', 'GET', '/rooms/:room', 'operator', 'Settings of a room', room),
  route('ops', 'PATCH', '/rooms/:room', 'operator', 'Changes settings; If-Match required', { ...room, body: ops.RoomPatch }),
  route('ops', 'GET', '/rooms/:room/gauges', 'operator', 'Live figures', { ...room, reply: ops.GaugesMessage }),
  route('ops', 'GET', '/rooms/:room/journal', 'operator', 'Calls, ends and settings since a cursor', { ...room, reply: ops.JournalReply }),
  route('ops', 'GET', '/rooms/:room/audit-log', 'operator', 'Who changed what', room),
  route('ops', 'GET', '/audit', 'operator', 'The auditor: invariants checked now', { reply: ops.AuditReply }),
];

export const API_PREFIX = { admission: admission.ADMISSION_PREFIX, booking: booking.BOOKING_PREFIX, ops: ops.OPS_PREFIX, 'admission-internal': '' } as const;

/** The time budget of the route that an app serves under `url`, its pattern with the prefix; undefined: not on the wire. */
export const budgetMsOf = (method: string, url: string): number | undefined => BUDGETS.get(`${method} ${url}`);

const BUDGETS: ReadonlyMap<string, number> = new Map(
  routes.flatMap(({ api, method, path, budgetMs }) => (budgetMs === undefined ? [] : [[`${method} ${API_PREFIX[api]}${path}`, budgetMs] as const])),
);
