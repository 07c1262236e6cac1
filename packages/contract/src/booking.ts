import { Type, type Static } from 'typebox';
import { Amount, BilingualText, ClientKey, CurrencyCode, DurationMs, Nullable, OpaqueId, Slug, Text, words } from './shapes.ts';

/** `/api/booking`: for holders of an entry session (Bearer with x-client-key on writes, or the HttpOnly cookies). */
export const BOOKING_PREFIX = '/api/booking';
export const SESSION_COOKIE = 'onsale_session';
export const CLIENT_KEY_HEADER = 'x-client-key';
export const ORDER_KEY_HEADER = 'x-order-key';
export const SEATS_PER_REQUEST_MAX = 20;

export const ShowParams = Type.Object({ show: Slug });
export const HoldParams = Type.Object({ show: Slug, id: OpaqueId });
export const OrderParams = Type.Object({ id: OpaqueId });
export const PaymentParams = Type.Object({ id: OpaqueId, n: Type.Integer({ minimum: 1, maximum: 99 }) });

export const EnterBody = Type.Object(
  { entryToken: Text({ minLength: 1, maxLength: 2_048 }), clientKey: Type.Optional(ClientKey) },
  { additionalProperties: false },
);
export const SessionLimits = Type.Object({
  seatsPerOrder: Type.Integer(),
  perPersonAndShow: Type.Integer(),
  perPersonAndEvent: Type.Integer(),
  attemptsLeft: Type.Integer(),
  ordersLeft: Type.Integer(),
});
export const SessionReply = Type.Object({
  /** Bearer of the entry session; absent when the browser has it as a cookie. */
  session: Type.Optional(Type.String()),
  room: Slug,
  remainingMs: DurationMs,
  /** Until a session that holds nothing ends, well before `remainingMs`; null while it holds something. */
  idleRemainingMs: Nullable(DurationMs),
  shows: Type.Array(Slug),
  limits: SessionLimits,
});

/** Static layout of a show: cacheable for ever under its version. Seat numbers are dense from 0. */
export const Grade = Type.Object({
  grade: Type.String({ maxLength: 8 }),
  name: BilingualText,
  price: Amount,
  fee: Amount,
  color: Type.String({ pattern: '^#[0-9a-f]{6}$' }),
});
/** One row: `count` seats from seat number `first`, seat k stands at (x + k·dx, y + k·dy); labels count up from `label0`. */
export const Row = Type.Object({
  row: Type.String({ maxLength: 8 }),
  first: Type.Integer({ minimum: 0 }),
  count: Type.Integer({ minimum: 1 }),
  label0: Type.Integer(),
  x: Type.Number(),
  y: Type.Number(),
  dx: Type.Number(),
  dy: Type.Number(),
  grade: Type.String({ maxLength: 8 }),
});
export const Section = Type.Object({
  section: Type.String({ maxLength: 16 }),
  name: BilingualText,
  /** Closed polygon of the section in hall units. */
  outline: Type.Array(Type.Tuple([Type.Number(), Type.Number()])),
  rows: Type.Array(Row),
});
export const LayoutReply = Type.Object({
  show: Slug,
  version: Type.String(),
  event: BilingualText,
  venue: BilingualText,
  startsAt: Type.String(),
  currency: CurrencyCode,
  seats: Type.Integer(),
  width: Type.Number(),
  height: Type.Number(),
  stage: Type.Array(Type.Tuple([Type.Number(), Type.Number()])),
  focus: Type.Tuple([Type.Number(), Type.Number()]),
  grades: Type.Array(Grade),
  sections: Type.Array(Section),
  salesOpen: Type.Boolean(),
});

/** 0 free, 1 held, 2 sold, 3 blocked. */
export const SeatCode = Type.Integer({ minimum: 0, maximum: 3 });
/** Whole state of a show. */
const SeatStates = Type.String({ description: 'base64; seat n in bits 2·(n mod 4) of byte ⌊n/4⌋: 0 free, 1 held, 2 sold, 3 blocked' });
export const SeatMapReply = Type.Object({ type: Type.Literal('seats'), show: Slug, version: Type.Integer(), state: SeatStates });
/** Changes since `from` (exclusive) up to `version`: [seat number, code]. */
export const SeatDelta = Type.Object({
  type: Type.Literal('delta'),
  show: Slug,
  from: Type.Integer(),
  version: Type.Integer(),
  changes: Type.Array(Type.Tuple([Type.Integer(), SeatCode])),
});
export const SeatsQuery = Type.Object({ since: Type.Optional(Type.Integer({ minimum: 0 })) });
/** First message of the seat socket; browsers may leave the session to the cookie. A session that opens sixteen shows has 1,266 characters. */
export const SeatSocketInput = Type.Object(
  { type: Type.Literal('hello'), session: Type.Optional(Text({ maxLength: 1_400 })) },
  { additionalProperties: false },
);

const SeatNumbers = Type.Array(Type.Integer({ minimum: 0, maximum: 999_999 }), { minItems: 1, maxItems: SEATS_PER_REQUEST_MAX, uniqueItems: true });
export const HoldBody = Type.Union([
  Type.Object({ seats: SeatNumbers }, { additionalProperties: false }),
  Type.Object(
    {
      bestAvailable: Type.Object(
        { quantity: Type.Integer({ minimum: 1, maximum: SEATS_PER_REQUEST_MAX }), grade: Type.Optional(Text({ maxLength: 8 })) },
        { additionalProperties: false },
      ),
    },
    { additionalProperties: false },
  ),
]);
export const SwapBody = Type.Object({ seats: SeatNumbers }, { additionalProperties: false });

export const HOLD_STATES = ['live', 'confirming', 'settled', 'released', 'expired'] as const;
export const ORDER_STATES = ['open', 'paying', 'confirming', 'awaiting-deposit', 'paid', 'cancelled', 'expired', 'refunding', 'refunded'] as const;
export const HeldSeat = Type.Object({
  seat: Type.Integer(),
  section: Type.String(),
  row: Type.String(),
  label: Type.String(),
  grade: Type.String(),
  price: Amount,
  fee: Amount,
});
export const HoldReply = Type.Object({
  id: OpaqueId,
  show: Slug,
  state: words(HOLD_STATES),
  seats: Type.Array(HeldSeat),
  remainingMs: DurationMs,
  amount: Amount,
  currency: CurrencyCode,
});
export const HOLDS_LISTED_MAX = 100;
export const HoldsReply = Type.Object({ holds: Type.Array(HoldReply, { maxItems: HOLDS_LISTED_MAX }) });

export const BuyerBody = Type.Object(
  { name: Type.Optional(Text({ maxLength: 60 })), email: Type.Optional(Text({ maxLength: 200 })) },
  { additionalProperties: false },
);
export const OrderBody = Type.Object({ show: Slug, hold: OpaqueId, buyer: Type.Optional(BuyerBody) }, { additionalProperties: false });
export const TicketReply = Type.Object({
  id: OpaqueId,
  seat: HeldSeat,
  /** Text of the QR code. */ credential: Type.String(),
  state: words(['valid', 'used', 'void'] as const),
});
export const OrderReply = Type.Object({
  id: OpaqueId,
  show: Slug,
  state: words(ORDER_STATES),
  /** Given once, with 201: whoever holds it owns the order. */
  orderKey: Type.Optional(Type.String()),
  seats: Type.Array(HeldSeat),
  amount: Amount,
  currency: CurrencyCode,
  /** Until the seats go back; null once paid or over. */
  remainingMs: Nullable(DurationMs),
  tickets: Type.Array(TicketReply),
  event: BilingualText,
  venue: BilingualText,
  startsAt: Type.String(),
  /** The provider's refusal of the last attempt, if it was refused. */
  refusal: Nullable(Type.Object({ code: Type.String(), message: Type.String() })),
});
/** An order as it stands in the list of its owner: what tells one from another, without its tickets. */
export const OrderSummary = Type.Pick(OrderReply, ['id', 'show', 'state', 'seats', 'amount', 'currency', 'event', 'venue', 'startsAt']);
export const ORDERS_LISTED_MAX = 50;
export const OrdersReply = Type.Object({ orders: Type.Array(OrderSummary, { maxItems: ORDERS_LISTED_MAX }) });
/** What whoever brings back the proof of a payment may know of the order: how it stands, and nothing of whose it is. */
export const ReturnReply = Type.Object({ state: words(ORDER_STATES) });
/** What became of the provider's message: taken, or dropped as none of ours or as one that was heard before. */
export const WebhookReply = Type.Object({ heard: Type.String() });
export const PaymentReply = Type.Object({
  n: Type.Integer(),
  providerOrderId: Type.String(),
  orderName: Type.String(),
  amount: Amount,
  currency: CurrencyCode,
  tossClientKey: Type.String(),
  /** Where the browser loads the payment window's script from. */
  scriptUrl: Type.String(),
  remainingMs: DurationMs,
});
export const ConfirmBody = Type.Object(
  { paymentKey: Text({ minLength: 1, maxLength: 200 }), orderId: Text({ minLength: 6, maxLength: 64 }), amount: Amount },
  { additionalProperties: false },
);

export type SessionReply = Static<typeof SessionReply>;
export type SessionLimits = Static<typeof SessionLimits>;
export type Grade = Static<typeof Grade>;
export type Row = Static<typeof Row>;
export type Section = Static<typeof Section>;
export type LayoutReply = Static<typeof LayoutReply>;
export type SeatMapReply = Static<typeof SeatMapReply>;
export type SeatDelta = Static<typeof SeatDelta>;
export type HoldBody = Static<typeof HoldBody>;
export type HeldSeat = Static<typeof HeldSeat>;
export type HoldReply = Static<typeof HoldReply>;
export type HoldsReply = Static<typeof HoldsReply>;
export type BuyerBody = Static<typeof BuyerBody>;
export type OrderReply = Static<typeof OrderReply>;
export type OrderSummary = Static<typeof OrderSummary>;
export type OrdersReply = Static<typeof OrdersReply>;
export type ReturnReply = Static<typeof ReturnReply>;
export type TicketReply = Static<typeof TicketReply>;
export type PaymentReply = Static<typeof PaymentReply>;
export type ConfirmBody = Static<typeof ConfirmBody>;
