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
