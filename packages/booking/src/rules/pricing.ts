import { invariant, ok, refuse, splitMoney, type Result } from '@onsale/kernel';

/** A seat's amounts in minor units, fixed when the order is made. paid = face + fee − coupon − points, never below 0. */
export type PricedLine = {
  readonly seat: number;
  readonly grade: string;
  readonly face: number;
  readonly fee: number;
  readonly coupon: number;
  readonly points: number;
  readonly paid: number;
};
export type SeatPrice = { readonly seat: number; readonly grade: string; readonly price: number; readonly fee: number };
/** Amounts of the whole order, computed by the server; never what a client sent (B6). */
export type Reductions = {
  readonly coupon?: number;
  /** Grades to which the coupon applies; all when absent. */
  readonly couponGrades?: readonly string[];
  readonly points?: number;
};
export type PricingRefusal =
  /** The coupon is worth more than the seats it applies to, or the points more than what is left to pay. */
  | { readonly kind: 'reduction-too-large'; readonly what: 'coupon' | 'points'; readonly max: number }
  /** The rest is not zero and below what the provider takes. */
  | { readonly kind: 'amount-too-small'; readonly min: number };

/** What the provider takes at least, in won; an order that costs nothing needs no provider. */
export const PAID_MIN = 100;
export const PAID_MIN_VIRTUAL_ACCOUNT = 200;

/**
 * Prices an order seat by seat, so that each can be refunded by itself later. A coupon is shared out in proportion to the face prices it
 * applies to (never more than a seat's face), points in proportion to what is then left; largest remainder, so that sums are exact.
 */
export function priceSeats(
  seats: readonly SeatPrice[], reductions: Reductions = {}, paidMin: number = PAID_MIN,
): Result<readonly PricedLine[], PricingRefusal> {
  const { coupon = 0, couponGrades, points = 0 } = reductions;
  const couponBase = seats.map(({ grade, price }) => (couponGrades === undefined || couponGrades.includes(grade) ? price : 0));
  if (coupon > sum(couponBase)) return refuse({ kind: 'reduction-too-large', what: 'coupon', max: sum(couponBase) });
  const coupons = splitMoney(coupon, couponBase);
  const pointsBase = seats.map(({ price, fee }, index) => price + fee - (coupons[index] as number));
  if (points > sum(pointsBase)) return refuse({ kind: 'reduction-too-large', what: 'points', max: sum(pointsBase) });
  const pointShares = splitMoney(points, pointsBase);
  const lines = seats.map(({ seat, grade, price, fee }, index): PricedLine => {
    const [couponShare, pointShare] = [coupons[index] as number, pointShares[index] as number];
    const paid = price + fee - couponShare - pointShare;
    invariant(paid >= 0 && couponShare <= price, 'a share exceeds its seat');
    return { seat, grade, face: price, fee, coupon: couponShare, points: pointShare, paid };
  });
  const total = amountOf(lines);
  if (total !== 0 && total < paidMin) return refuse({ kind: 'amount-too-small', min: paidMin });
  return ok(lines);
}

export const amountOf = (lines: readonly { readonly paid: number }[]): number => lines.reduce((total, { paid }) => total + paid, 0);
const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);
