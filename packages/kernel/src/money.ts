/** An amount in integer minor units (for KRW the won itself), with its currency. Never a float. */
export type Money = { readonly amount: number; readonly currency: Currency };
export type Currency = 'KRW' | 'USD' | 'EUR' | 'JPY';

export const won = (amount: number): Money => money(amount, 'KRW');

export function money(amount: number, currency: Currency): Money {
  if (!Number.isSafeInteger(amount)) throw new Error(`money must be whole minor units, got ${amount}`);
  return { amount, currency };
}

/** Sum of amounts of one currency; an empty list needs its currency named. */
export function sumMoney(amounts: readonly Money[], currency: Currency): Money {
  let total = 0;
  for (const part of amounts) {
    if (part.currency !== currency) throw new Error(`cannot add ${part.currency} to ${currency}`);
    total += part.amount;
  }
  return money(total, currency);
}

/**
 * Splits `total` in proportion to `weights` so that the parts are whole and add up exactly (largest remainder method;
 * ties go to the earlier part).
 */
export function splitMoney(total: number, weights: readonly number[]): number[] {
  if (!Number.isSafeInteger(total) || total < 0) throw new Error(`cannot split ${total}`);
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  if (whole === 0) return weights.map(() => 0);
  const exact = weights.map((weight) => (total * weight) / whole);
  const parts = exact.map(Math.floor);
  let left = total - parts.reduce((sum, part) => sum + part, 0);
  const byRemainder = exact.map((value, index) => ({ index, remainder: value - Math.floor(value) }));
  byRemainder.sort((one, other) => other.remainder - one.remainder || one.index - other.index);
  for (const { index } of byRemainder) {
    if (left === 0) break;
    parts[index] = (parts[index] as number) + 1;
    left -= 1;
  }
  return parts;
}
