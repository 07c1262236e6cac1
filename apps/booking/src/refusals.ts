import type { CommandRefusal } from '@onsale/booking';
import { ProblemError, type ProblemCode, type ProblemExtras } from '@onsale/contract';
import { unreachable } from '@onsale/kernel';
import type { SalesRefusal } from '@onsale/sales';

/** The hold engine's refusals as problems of the wire. */
export function problemOf(refusal: CommandRefusal): ProblemError {
  const as = (code: ProblemCode, extras: ProblemExtras = {}): ProblemError => new ProblemError(code, extras);
  switch (refusal.kind) {
    case 'busy':
      return as('overloaded', { retryAfterMs: refusal.retryAfterMs });
    case 'unavailable':
      return as('unavailable', { retryAfterMs: refusal.retryAfterMs });
    case 'unknown-show':
      return as('not-found');
    case 'unknown-seat':
      return as('bad-request', { detail: 'Some seat numbers are not in the layout of this show.', seats: refusal.seats });
    case 'session-ended':
      return as('session-ended');
    case 'sale-closed':
      return as('sale-closed');
    case 'no-hold':
      return as('not-found');
    case 'key-reused':
      return as('key-reused', refusal.order === undefined ? {} : { order: refusal.order });
    case 'too-many-attempts':
      return as('too-many-attempts', { max: refusal.max });
    case 'hold-expired':
      return as('hold-expired');
    case 'hold-state':
      return as('order-state', { state: refusal.state });
    case 'payment-in-progress':
      return as('payment-in-progress');
    case 'limit':
      return as('limit', { scope: refusal.scope, max: refusal.max });
    case 'lapsed-too-often':
      return as('lapsed-too-often', { seats: refusal.seats, retryAfterMs: refusal.retryAfterMs });
    case 'seat-taken':
      return as('seat-taken', { seats: refusal.seats, alternatives: refusal.alternatives });
    case 'seat-busy':
      return as('seat-busy', { retryAfterMs: refusal.retryAfterMs });
    case 'orphan-seat':
      return as('orphan-seat', { seats: refusal.seats });
    case 'sold-out':
      return as('sold-out', { quantity: refusal.quantity });
    case 'orders-used':
      return as('orders-used', { max: refusal.max });
    case 'alongside':
      return refusal.refusal instanceof ProblemError ? refusal.refusal : as('order-state');
    default:
      return unreachable(refusal);
  }
}

/** The sagas' refusals: their own, and the engine's that pass through. */
export function salesProblem(refusal: SalesRefusal): ProblemError {
  switch (refusal.kind) {
    case 'amount-mismatch':
      return new ProblemError('amount-mismatch');
    case 'amount-not-payable':
      return new ProblemError('order-state', { detail: 'The amount is below what the provider takes.' });
    case 'no-order':
    case 'no-attempt':
      return new ProblemError('not-found');
    case 'order-state':
    case 'attempt-over':
      return new ProblemError('order-state', { state: refusal.state });
    case 'attempts-used':
      return new ProblemError('too-many-attempts', { max: refusal.max });
    case 'bad-payment-key':
      return new ProblemError('bad-request', { detail: 'The payment key does not have the form of one.' });
    case 'payment-refused':
      return new ProblemError('payment-refused', { provider: { code: refusal.code, message: refusal.message }, advice: refusal.advice });
    default:
      return problemOf(refusal);
  }
}
