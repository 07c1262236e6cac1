import type { OpaqueId, ShowId } from '@onsale/kernel';

/**
 * A hold: some seats of one show, for one person, for a while.
 *
 *           hold             confirming (the buyer returned from the window)       settle (paid)
 *  (free) ──────► live ─────────────────────────────────────────────────► confirming ─────────► settled
 *                │ ▲ │ ◄──────────────── resume (definite refusal, ≥ 2 min) ───┤ │                  │ return
 *         swap └─┘ │ │                                                         │ │                  ▼
 *                  │ └─ settle (amount 0) ─────────────────────────────────────┼─┼──► settled    (some seats
 *        release ──┤                                                           │ │    ▲           fewer; none
 *                  ▼                                                           ▼ │    │ retake    left: released)
 *               released ◄───────────────────────────────────── release ───────┘ │    │ (late success: the same
 *  expire ──► expired                              (provider away for too long)  └────┴─ seats, if all are free)
 *
 * `live` ends by a clock (until_at). `confirming` never does (B5): only the provider's answer, or our giving up on a silent
 * provider, ends it. While a deposit is awaited the hold stays `confirming` with until_at at the due time; the sweeper looks
 * the payment up before it frees the seats.
 */
export const HOLD_STATES = ['live', 'confirming', 'settled', 'released', 'expired'] as const;
export type HoldState = (typeof HOLD_STATES)[number];

/** States in which the hold's seats carry its claim. */
export const ownsSeats = (state: HoldState): boolean => state === 'live' || state === 'confirming' || state === 'settled';

/** How long things last, in milliseconds. */
export const HOLD_MS = 8 * 60_000;
/** Opening the payment window once lengthens the hold to at least this from now. */
export const PAYING_MS = 10 * 60_000;
/** What is left, at least, after a card was definitely refused. */
export const AFTER_REFUSAL_MS = 2 * 60_000;

/** A row of `hold` as read under its lock. `leftMs` is measured by the database's clock and may be negative. */
export type HoldRow = {
  readonly id: OpaqueId;
  readonly person: OpaqueId;
  readonly session: OpaqueId | null;
  readonly state: HoldState;
  readonly seats: readonly number[];
  /** Ticket order made from this hold, and the payment attempt that is being confirmed or has settled it. */
  readonly order: OpaqueId | null;
  readonly attempt: OpaqueId | null;
  /** Whether the payment window has lengthened it already; whether a deposit is awaited; how often its seats were swapped. */
  readonly lengthened: boolean;
  readonly awaiting: boolean;
  readonly swaps: number;
  /** Idempotency-Keys that made or changed it, with their requests; see keyed-request.ts. */
  readonly requests: string;
  readonly expired: boolean;
  readonly leftMs: number;
};

/** What others may know of a hold. */
export type HoldView = {
  readonly id: OpaqueId;
  readonly show: ShowId;
  readonly person: OpaqueId;
  readonly state: HoldState;
  readonly seats: readonly number[];
  /** Milliseconds until it expires; 0 when over or when no clock ends it. */
  readonly remainingMs: number;
  readonly order: OpaqueId | null;
  readonly attempt: OpaqueId | null;
};
