import type { TextKey } from '../../../texts/en.ts';
import type { BookingState } from '../page-state/booking-state.ts';
import { HELD, SOLD, BLOCKED } from '../page-state/seat-codes.ts';

/** The word for the state of a seat, as this fan sees it. */
export function codeWord(state: BookingState, seat: number): TextKey {
  if (state.chosen.includes(seat)) return 'seats.sign-chosen';
  switch (state.seats?.codes[seat]) {
    case HELD:
      return 'seats.sign-held';
    case SOLD:
      return 'seats.sign-sold';
    case BLOCKED:
      return 'seats.sign-blocked';
    default:
      return 'seats.sign-free';
  }
}
