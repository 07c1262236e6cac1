import { ok, refuse, type Result } from '@onsale/kernel';

/** The provider refuses card payments below this; an order is either free of charge or at least this. */
export const CARD_MINIMUM_WON = 100;
/** Far above any order of ours and well inside an unsigned INT column. */
export const AMOUNT_MAX = 1_000_000_000;

export type AmountRefusal =
  | { readonly kind: 'amount-mismatch' }
  | { readonly kind: 'amount-not-payable'; readonly minimum: number };

/** An amount that can be asked of the provider: whole, at least the card minimum. A total of 0 never reaches the provider. */
export function payableAmount(amount: number): Result<number, AmountRefusal> {
  const payable = Number.isSafeInteger(amount) && amount >= CARD_MINIMUM_WON && amount <= AMOUNT_MAX;
  return payable ? ok(amount) : refuse({ kind: 'amount-not-payable', minimum: CARD_MINIMUM_WON });
}

/**
 * B6: the server's amount is the amount. What the buyer's page sends back is only compared with it, so a tampered
 * page can lose its own payment and nothing else. Guarantee: the returned value is always the stored one.
 */
export function compareAmount(stored: number, claimed: number): Result<number, AmountRefusal> {
  return stored === claimed ? ok(stored) : refuse({ kind: 'amount-mismatch' });
}
