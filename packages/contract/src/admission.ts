import { Type, type Static } from 'typebox';
import { BilingualText, ClientKey, DurationMs, Nullable, Slug, Text, words } from './shapes.ts';

/** `/api/admission`: the public side of the waiting room. Identity: Bearer receipt, or the device cookie. */
export const ADMISSION_PREFIX = '/api/admission';
export const DEVICE_COOKIE = 'onsale_device';

export const PHASES = ['scheduled', 'lobby', 'drawing', 'open', 'paused', 'closed', 'recovering'] as const;
export const PLACE_STATES = ['lobby', 'waiting', 'called', 'entered', 'redeemed', 'finished', 'absent', 'left', 'lapsed'] as const;
/** Why nobody, or fewer than usual, are being called; null when the line moves at its pace. */
export const STANDSTILL_REASONS = ['scheduled', 'paused', 'closed', 'recovering', 'rate-lowered', 'returning', 'capacity', 'caller-away'] as const;

export const Phase = words(PHASES);
export const PlaceState = words(PLACE_STATES);
export const StandstillReason = words(STANDSTILL_REASONS);
export const WaitBand = Type.Object({ p10Ms: DurationMs, p90Ms: DurationMs });

export const RoomParams = Type.Object({ room: Slug });
export const RoomReply = Type.Object({
  room: Slug,
  name: BilingualText,
  phase: Phase,
  reason: Nullable(StandstillReason),
  epoch: Type.Integer(),
  /** Until the room opens; null once it has, or when no time is set. */
  opensInMs: Nullable(DurationMs),
  shows: Type.Array(Slug),
  identity: words(['device', 'account'] as const),
  present: Type.Integer(),
});

export const JoinBody = Type.Object({ clientKey: Type.Optional(ClientKey) }, { additionalProperties: false });

/** One fan's place as the fan sees it. `position` = people present ahead + 1, null unless waiting. */
export const PlaceReply = Type.Object({
  place: Type.Integer(),
  epoch: Type.Integer(),
  order: Type.Integer(),
  state: PlaceState,
  phase: Phase,
  reason: Nullable(StandstillReason),
  position: Nullable(Type.Integer({ minimum: 1 })),
  waitBand: Nullable(WaitBand),
  /** Left to press Enter (called), to use the token (entered) or of the lease (redeemed); null otherwise. */
  remainingMs: Nullable(DurationMs),
  missedCalls: Type.Integer(),
  maxMisses: Type.Integer(),
  /** True when a press on "I am back" is needed to stand in line again. */
  needsReturn: Type.Boolean(),
  /** When to ask again; asking earlier more than three times in a row is 429. */
  pollAfterMs: DurationMs,
  /** Signed proof of the place; given at join and when it changed. Keep it: it restores the place. */
  receipt: Type.Optional(Type.String()),
});

export const EntryReply = Type.Object({
  entryToken: Type.String(),
  remainingMs: DurationMs,
  shows: Type.Array(Type.Object({ show: Slug, href: Type.String() })),
});

/** The frame: the same bytes for everybody in a room, once a second. */
export const Frame = Type.Object({
  type: Type.Literal('frame'),
  room: Slug,
  epoch: Type.Integer(),
  seq: Type.Integer(),
  phase: Phase,
  reason: Nullable(StandstillReason),
  present: Type.Integer(),
  /** Highest order called so far; null before the first call. */
  calledThrough: Nullable(Type.Integer()),
  /** Calls in the last minute, observed. */
  callsLastMinute: Type.Integer(),
  /** [order, present fans ahead of that order], ascending, ≤ 64; the page interpolates. */
  marks: Type.Array(Type.Tuple([Type.Integer(), Type.Integer()]), { maxItems: 64 }),
});

/** Messages of the place socket. Client → server. */
export const SocketHello = Type.Object(
  { type: Type.Literal('hello'), receipt: Type.Optional(Text({ maxLength: 512 })) },
  { additionalProperties: false },
);
export const SocketAlive = Type.Object({ type: Type.Literal('alive') }, { additionalProperties: false });
export const PlaceSocketInput = Type.Union([SocketHello, SocketAlive]);
/** Server → client: `frame`, `me`, or `problem` before a close. */
export const MeMessage = Type.Object({ type: Type.Literal('me'), me: PlaceReply });

/** RFC 7517: public keys, by which any server may verify entry tokens. */
export const KeySetReply = Type.Object({
  keys: Type.Array(Type.Object({ kid: Type.String(), kty: Type.String(), crv: Type.String(), x: Type.String() }, { additionalProperties: true })),
});

/** Internal listener, never proxied: `POST /rooms/:room/redeem`, guarded by the internal secret. */
export const RedeemBody = Type.Object(
  {
    place: Type.Integer({ minimum: 1 }),
    epoch: Type.Integer({ minimum: 1 }),
    callNo: Type.Integer({ minimum: 1 }),
    binding: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
  },
  { additionalProperties: false },
);
export const REDEEM_WORDS = ['redeemed', 'again', 'used', 'lapsed', 'ended', 'epoch', 'unknown', 'recovering'] as const;
export const RedeemReply = Type.Object({ word: words(REDEEM_WORDS), remainingMs: DurationMs });
export const INTERNAL_SECRET_HEADER = 'x-onsale-internal';

export type Phase = Static<typeof Phase>;
export type PlaceState = Static<typeof PlaceState>;
export type StandstillReason = Static<typeof StandstillReason>;
export type WaitBand = Static<typeof WaitBand>;
export type RoomReply = Static<typeof RoomReply>;
export type JoinBody = Static<typeof JoinBody>;
export type PlaceReply = Static<typeof PlaceReply>;
export type EntryReply = Static<typeof EntryReply>;
export type Frame = Static<typeof Frame>;
export type PlaceSocketInput = Static<typeof PlaceSocketInput>;
export type MeMessage = Static<typeof MeMessage>;
export type RedeemBody = Static<typeof RedeemBody>;
export type RedeemReply = Static<typeof RedeemReply>;
