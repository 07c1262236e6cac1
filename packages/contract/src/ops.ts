import { Phase, StandstillReason } from './admission.ts';
import { Type, type Static } from 'typebox';
import { BilingualText, Nullable, Slug, Text, words } from './shapes.ts';

/** `/api/ops` on its own origin. Operators carry a Bearer token that lives in page memory. */
export const OPS_PREFIX = '/api/ops';

export const SignInBody = Type.Object(
  { name: Text({ minLength: 1, maxLength: 60 }), password: Text({ minLength: 1, maxLength: 200 }) },
  { additionalProperties: false },
);
export const SignInReply = Type.Object({ token: Type.String(), name: Type.String(), remainingMs: Type.Integer() });

/** What an operator may set; null rate or capacity = no such limit. */
export const RoomPatch = Type.Object(
  {
    ratePerMinute: Type.Optional(Nullable(Type.Integer({ minimum: 0, maximum: 600_000 }))),
    capacity: Type.Optional(Nullable(Type.Integer({ minimum: 0, maximum: 1_000_000 }))),
    phase: Type.Optional(words(['scheduled', 'open', 'paused', 'closed'] as const)),
    opensAtMs: Type.Optional(Nullable(Type.Integer({ minimum: 0 }))),
    name: Type.Optional(BilingualText),
    callMs: Type.Optional(Type.Integer({ minimum: 1_000, maximum: 600_000 })),
    /** Why, for the audit log. */
    cause: Type.Optional(Text({ maxLength: 200 })),
  },
  { additionalProperties: false },
);
/** Whole settings of a room; `version` is its ETag. */
export const OpsRoomReply = Type.Object({
  room: Slug,
  name: BilingualText,
  shows: Type.Array(Slug),
  phase: Phase,
  opensAtMs: Nullable(Type.Integer()),
  ratePerMinute: Nullable(Type.Integer()),
  capacity: Nullable(Type.Integer()),
  callMs: Type.Integer(),
  maxMisses: Type.Integer(),
  absentAfterMs: Type.Integer(),
  entryTokenMs: Type.Integer(),
  sessionMaxMs: Type.Integer(),
  identity: words(['device', 'account'] as const),
  rejoin: Type.Boolean(),
  version: Type.Integer(),
  epoch: Type.Integer(),
});

/** What became of a room that is over: closed, and nobody inside. Counts of places over its whole epoch; `uncalled`: still in line at the end. */
export const RoomReportReply = Type.Object({
  openedAt: Nullable(Type.String({ format: 'date-time' })),
  closedAt: Nullable(Type.String({ format: 'date-time' })),
  reportedAt: Type.String({ format: 'date-time' }),
  joined: Type.Integer(),
  peakWaiting: Type.Integer(),
  called: Type.Integer(),
  missed: Type.Integer(),
  entered: Type.Integer(),
  redeemed: Type.Integer(),
  finished: Type.Integer(),
  left: Type.Integer(),
  lapsed: Type.Integer(),
  revoked: Type.Integer(),
  uncalled: Type.Integer(),
});
/** The settings, and whether Redis has exactly these (`inForce`) and MySQL has them (`saved`). `report`: the room is over; its gauges may be gone. */
export const RoomOnDeskReply = Type.Object({
  ...OpsRoomReply.properties, inForce: Type.Boolean(), saved: Type.Boolean(), report: Nullable(RoomReportReply),
});
export const RoomListReply = Type.Object({ rooms: Type.Array(RoomOnDeskReply) });

/** Limits of a show that operators change while it is sold; whole numbers, both ends allowed. */
export const SHOW_LIMIT_BOUNDS = {
  idleSessionMs: { least: 60_000, most: 3_600_000 },
  attemptsPerSession: { least: 1, most: 1_000 },
} as const;
const bounded = ({ least, most }: { readonly least: number; readonly most: number }) => Type.Integer({ minimum: least, maximum: most });
export const ShowLimitsPatch = Type.Object(
  {
    idleSessionMs: Type.Optional(bounded(SHOW_LIMIT_BOUNDS.idleSessionMs)),
    attemptsPerSession: Type.Optional(bounded(SHOW_LIMIT_BOUNDS.attemptsPerSession)),
    /** Why, for the audit log. */
    cause: Type.Optional(Text({ maxLength: 200 })),
  },
  { additionalProperties: false },
);
/** How long an entry session may hold nothing, and how many holds and swaps it may make. */
export const ShowLimitsReply = Type.Object({ show: Slug, eventName: BilingualText, idleSessionMs: Type.Integer(), attemptsPerSession: Type.Integer() });
export const RoomShowsReply = Type.Object({ shows: Type.Array(ShowLimitsReply) });

/** Pages through what operators did to a room and its shows, the latest first; `next` is the `before` of the following page, null at the end. */
export const AUDIT_LOG_PAGE_MAX = 200;
export const AuditLogQuery = Type.Object({
  before: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: AUDIT_LOG_PAGE_MAX })),
});
const ActValues = Nullable(Type.Record(Type.String(), Type.Unknown()));
export const ActReply = Type.Object({
  id: Type.Integer(),
  at: Type.String(),
  actor: Type.String(),
  cause: Type.String(),
  action: Type.String(),
  subject: Type.String(),
  before: ActValues,
  after: ActValues,
});
export const AuditLogReply = Type.Object({ records: Type.Array(ActReply), next: Nullable(Type.Integer()) });

/** Live figures of a room, once a second. `ageMs`: how old the reading is. */
export const GaugesMessage = Type.Object({
  type: Type.Literal('gauges'),
  room: Slug,
  at: Type.String(),
  ageMs: Type.Integer(),
  phase: Phase,
  reason: Nullable(StandstillReason),
  /** Which limit binds the caller right now. */
  limit: Type.String(),
  waiting: Type.Integer(),
  absent: Type.Integer(),
  called: Type.Integer(),
  entered: Type.Integer(),
  redeemed: Type.Integer(),
  joined: Type.Integer(),
  ended: Type.Object({ finished: Type.Integer(), left: Type.Integer(), lapsed: Type.Integer() }),
  callsLastMinute: Type.Integer(),
  ratePerMinute: Nullable(Type.Integer()),
  capacity: Nullable(Type.Integer()),
  booking: Nullable(
    Type.Object({
      free: Type.Integer(),
      held: Type.Integer(),
      sold: Type.Integer(),
      blocked: Type.Integer(),
      ordersPaid: Type.Integer(),
      sessionsLive: Type.Integer(),
      /** Sessions that have made four fifths of their attempts, or more. */
      sessionsNearAttempts: Type.Integer(),
      /** Holds whose time ran out within the last hour. */
      holdsLapsed: Type.Integer(),
    }),
  ),
  mysql: Nullable(Type.Object({ queriesPerSecond: Type.Number(), connections: Type.Integer(), running: Type.Integer() })),
});

/** Readings of the last minutes, the oldest first; `ageMs` says how old each is now. */
export const GaugesHistoryReply = Type.Object({ samples: Type.Array(GaugesMessage) });

/** First and only message of the gauges socket. */
export const GaugesSocketInput = Type.Object(
  { type: Type.Literal('hello'), token: Text({ minLength: 1, maxLength: 200 }) },
  { additionalProperties: false },
);

/** The auditor's view of the invariants. */
export const FindingReply = Type.Object({ invariant: Type.String(), detail: Type.String(), at: Type.String() });
/** `unwatched`: invariants that nobody has looked at lately, so that no finding says nothing; `sinceMs`: wall clock of the last look, null: never. */
export const Unwatched = Type.Object({ invariants: Type.Array(Type.String()), sinceMs: Nullable(Type.Integer()) });
export const AuditReply = Type.Object({
  checked: Type.Array(Type.String()),
  unwatched: Nullable(Unwatched),
  findings: Type.Array(FindingReply),
  atMs: Type.Integer(),
});

export type RoomPatch = Static<typeof RoomPatch>;
export type ShowLimitsPatch = Static<typeof ShowLimitsPatch>;
export type ShowLimitsReply = Static<typeof ShowLimitsReply>;
export type OpsRoomReply = Static<typeof OpsRoomReply>;
export type GaugesMessage = Static<typeof GaugesMessage>;
export type GaugesHistoryReply = Static<typeof GaugesHistoryReply>;
export type FindingReply = Static<typeof FindingReply>;
export type AuditReply = Static<typeof AuditReply>;

/** Pages through the waiting room's journal, oldest first; `next` is the cursor of the following page. */
export const JournalQuery = Type.Object({
  after: Type.Optional(Type.String({ pattern: '^\\d{1,20}(-\\d{1,20})?$' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
});
export const JournalReply = Type.Object({
  entries: Type.Array(Type.Object({ id: Type.String(), clock: Type.Number(), kind: Type.String() }, { additionalProperties: true })),
  next: Type.String(),
});
export type JournalReply = Static<typeof JournalReply>;
