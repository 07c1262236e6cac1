import { MINUTE_MS, type OpaqueId, type ShowId } from '@onsale/kernel';
import type { CommandRefusal } from './command.ts';

/** How many seats and attempts one person may have. Counted in `allowance` rows, which are locked before anything else (B4). */
export type SeatLimits = {
  readonly perOrder: number;
  readonly perPersonAndShow: number;
  readonly perPersonAndEvent: number;
  /** Holds and swaps that one entry session may make. */
  readonly attemptsPerSession: number;
  /** Orders of one entry session that may be alive or paid. */
  readonly ordersPerEntry: number;
  /** How long an entry session may hold nothing. */
  readonly idleSessionMs: number;
};
export const DEFAULT_LIMITS: SeatLimits = {
  perOrder: 4, perPersonAndShow: 4, perPersonAndEvent: 8, attemptsPerSession: 30, ordersPerEntry: 1,
  idleSessionMs: 5 * MINUTE_MS,
};

/**
 * Rows of `allowance`, one for each thing that is counted. The scopes `attempts` and `orders` belong to an entry session (its sid stands
 * in the column `person`), the others to a person. `live` counts held and sold seats, so a cancelled ticket gives back.
 */
export const ATTEMPTS_SCOPE = 'attempts';
export const ORDERS_SCOPE = 'orders';
export const showScope = (show: ShowId): string => `show/${show}`;
export const eventScope = (event: string): string => `event/${event}`;
export type AllowanceKey = { readonly scope: string; readonly holder: OpaqueId };
/** Sorts as the primary key does: byte order of the scope, then the holder. */
export const allowanceKeyText = (scope: string, holder: OpaqueId): string => `${scope}\0${holder}`;

/** What the person has already, in this show and in all shows of the event. */
export type LiveSeats = { readonly inShow: number; readonly inEvent: number };

/** Refuses an order of `size` seats that adds `added` seats (which may be negative, for a swap) to what the person has. */
export function checkSeatLimits(limits: SeatLimits, live: LiveSeats, size: number, added: number): CommandRefusal | undefined {
  if (size > limits.perOrder) return { kind: 'limit', scope: 'order', max: limits.perOrder };
  if (added <= 0) return undefined;
  if (live.inShow + added > limits.perPersonAndShow) return { kind: 'limit', scope: 'show', max: limits.perPersonAndShow };
  if (live.inEvent + added > limits.perPersonAndEvent) return { kind: 'limit', scope: 'event', max: limits.perPersonAndEvent };
  return undefined;
}
