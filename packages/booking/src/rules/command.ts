import type { OpaqueId, Result, ShowId } from '@onsale/kernel';
import type { HoldView } from './hold.ts';
import type { KeyedRequest } from './keyed-request.ts';

/**
 * Everything that can happen to the seats of a show. Each command is idempotent: run again after its COMMIT was acknowledged to
 * nobody, it answers as it did the first time.
 *
 * Ids: `hold` of a new hold is HMAC(session ‖ Idempotency-Key), see `newHoldId`; `attempt` is the payment attempt's id.
 */
export type SeatCommand =
  | HoldCommand
  | BestAvailableCommand
  | SwapCommand
  | {
    readonly kind: 'release'; readonly show: ShowId; readonly hold: OpaqueId; readonly person?: OpaqueId;
    /** Gives up on a silent provider. */ readonly attempt?: OpaqueId;
  }
  | { readonly kind: 'expire'; readonly show: ShowId; readonly hold: OpaqueId }
  /** Binds a live hold to the ticket order that `alongside` writes; a hold has one order. */
  | { readonly kind: 'order'; readonly show: ShowId; readonly hold: OpaqueId; readonly person: OpaqueId; readonly order: OpaqueId }
  /** The payment window of an attempt opens: the first one lengthens the hold to at least PAYING_MS from now. */
  | { readonly kind: 'lengthen'; readonly show: ShowId; readonly hold: OpaqueId; readonly order: OpaqueId; readonly attempt: OpaqueId }
  /** The buyer is back from the window: no clock ends the hold any more. Refused while another attempt confirms. */
  | { readonly kind: 'confirming'; readonly show: ShowId; readonly hold: OpaqueId; readonly order: OpaqueId; readonly attempt: OpaqueId }
  /** The provider definitely refused: back to live with at least AFTER_REFUSAL_MS. */
  | { readonly kind: 'resume'; readonly show: ShowId; readonly hold: OpaqueId; readonly attempt: OpaqueId }
  /** A deposit is awaited: stays confirming; `dueMs` from now is shown as what remains. */
  | { readonly kind: 'await-deposit'; readonly show: ShowId; readonly hold: OpaqueId; readonly attempt: OpaqueId; readonly dueMs: number }
  /** Paid: held → sold. `from: 'live'` is for an order that costs nothing. */
  | { readonly kind: 'settle'; readonly show: ShowId; readonly hold: OpaqueId; readonly attempt: OpaqueId; readonly from?: 'live' }
  /** A success that came after the seats went back: the hold's seats again, sold, if all are free and the limits allow. */
  | { readonly kind: 'retake'; readonly show: ShowId; readonly hold: OpaqueId; readonly attempt: OpaqueId }
  /** Cancelled tickets: sold seats of a settled hold go back to sale, or aside (`blocked`) to leave later. */
  | { readonly kind: 'return'; readonly show: ShowId; readonly hold: OpaqueId; readonly seats: readonly number[]; readonly to: 'free' | 'blocked' }
  /** By operators. Seats that are held or sold stay as they are and are named in the answer. */
  | { readonly kind: 'block'; readonly show: ShowId; readonly seats: readonly number[] }
  | { readonly kind: 'unblock'; readonly show: ShowId; readonly seats: readonly number[] };

type Starting = {
  readonly show: ShowId;
  readonly person: OpaqueId;
  /** The entry session that gates starting. */
  readonly session: OpaqueId;
  /** The Idempotency-Key and what came with it; without one the same command again is known by its id alone. */
  readonly keyed?: KeyedRequest;
};
export type HoldCommand = Starting & {
  readonly kind: 'hold';
  readonly hold: OpaqueId;
  readonly seats: readonly number[];
  /** Default HOLD_MS. */
  readonly holdMs?: number;
};
export type BestAvailableCommand = Starting & {
  readonly kind: 'best-available';
  readonly hold: OpaqueId;
  readonly quantity: number;
  /** Any grade when absent. */
  readonly grade?: string;
  readonly holdMs?: number;
};
/** Replaces the seats of a live hold that has no order yet; the deadline stays. All new seats, or the old ones are kept. */
export type SwapCommand = Starting & { readonly kind: 'swap'; readonly hold: OpaqueId; readonly seats: readonly number[] };

/** `again`: an earlier run of the same command had done it; nothing was written. */
export type CommandDone = {
  readonly kind: SeatCommand['kind'];
  /** The hold after the command; null for block and unblock. */
  readonly hold: HoldView | null;
  /** Seats whose state the command changed. */
  readonly changed: readonly number[];
  /** Block and unblock: seats left as they were, because they are held, sold or already so. */
  readonly untouched: readonly number[];
  /** Best available: whether the seats are neighbours. */
  readonly adjacent?: boolean;
  readonly again: boolean;
};

/**
 * Refusals in order of precedence (the first that applies is answered).
 * `busy` and `unavailable`: not decided, the same request may be sent again with the same key.
 */
export type CommandRefusal =
  | { readonly kind: 'busy'; readonly retryAfterMs: number }
  | { readonly kind: 'unavailable'; readonly retryAfterMs: number }
  | { readonly kind: 'unknown-show' }
  | { readonly kind: 'unknown-seat'; readonly seats: readonly number[] }
  | { readonly kind: 'session-ended' }
  | { readonly kind: 'sale-closed' }
  /** No such hold, or another person's. */
  | { readonly kind: 'no-hold' }
  /** The Idempotency-Key came with another request before. */
  | { readonly kind: 'key-reused'; /** The order that it made. */ readonly order?: OpaqueId }
  | { readonly kind: 'too-many-attempts'; readonly max: number }
  | { readonly kind: 'hold-expired' }
  /** The hold's state does not allow it (`state`), or it already has an order. */
  | { readonly kind: 'hold-state'; readonly state: HoldView['state']; readonly order: OpaqueId | null }
  | { readonly kind: 'payment-in-progress' }
  /** The entry session has made all the orders it may. */
  | { readonly kind: 'orders-used'; readonly max: number }
  | { readonly kind: 'limit'; readonly scope: 'order' | 'show' | 'event'; readonly max: number }
  /** This person has let these seats lapse too often; see lapse.ts. */
  | { readonly kind: 'lapsed-too-often'; readonly seats: readonly number[]; readonly retryAfterMs: number }
  | {
    readonly kind: 'seat-taken'; readonly seats: readonly number[];
    /** Nearest free sets of as many seats, best first. */ readonly alternatives: readonly (readonly number[])[];
  }
  /** A row stayed locked by somebody else for too long. */
  | { readonly kind: 'seat-busy'; readonly retryAfterMs: number }
  | { readonly kind: 'orphan-seat'; /** Seats that would be left alone. */ readonly seats: readonly number[] }
  | { readonly kind: 'sold-out'; readonly quantity: number }
  /** The command's own `alongside` refused: nothing of the command was written. */
  | { readonly kind: 'alongside'; readonly refusal: unknown };

export type CommandAnswer = Result<CommandDone, CommandRefusal>;
