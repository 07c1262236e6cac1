/**
 * A seat of a show.
 *
 *            hold                    settle
 *   free ────────────► held ───────────────────► sold
 *    │ ▲                 │                         │
 *    │ │ release, expire │    return (to free, or  │
 *    │ └─────────────────┴──── to blocked) ────────┤
 *    │ block                                       │
 *    ▼                                             ▼
 *  blocked ◄──────────────────────────────────── blocked ── unblock ──► free
 *
 * B1: `claim` names the hold that owns the seat, and is set exactly when the seat is held or sold.
 */
export const SEAT_STATES = ['free', 'held', 'sold', 'blocked'] as const;
export type SeatState = (typeof SEAT_STATES)[number];

/** Two bits on the wire and in seat_delta. */
export const SEAT_CODES = { free: 0, held: 1, sold: 2, blocked: 3 } as const satisfies Record<SeatState, number>;
export type SeatCode = 0 | 1 | 2 | 3;

/** Whether a seat in this state belongs to a hold, and so carries its claim. */
export const isClaimed = (state: SeatState): boolean => state === 'held' || state === 'sold';
export const stateOfCode = (code: SeatCode): SeatState => SEAT_STATES[code];

/**
 * A change of one seat to an absolute state; applying it twice is harmless. `tag`: the first four bytes of the claim, 0 without one; a
 * process' memory tells by it a retry of the hold that took the seat from a rival.
 */
export type SeatChange = { readonly seat: number; readonly state: SeatState; readonly tag: number };

/** A show never has more seats than three bytes can number. */
export const SEATS_PER_SHOW_MAX = 200_000;
