/** How many seats and attempts one person may have. Counted in `allowance` rows, which are locked before anything else. */
export type SeatLimits = {
  readonly perOrder: number;
  readonly perPersonAndShow: number;
  readonly perPersonAndEvent: number;
  readonly attemptsPerSession: number;
  readonly ordersPerEntry: number;
};
export const DEFAULT_LIMITS: SeatLimits = { perOrder: 4, perPersonAndShow: 4, perPersonAndEvent: 8, attemptsPerSession: 30, ordersPerEntry: 1 };
