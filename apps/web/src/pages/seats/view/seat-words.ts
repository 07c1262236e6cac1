import type { Language } from '@onsale/contract';
import type { TextKey } from '../../../texts/en.ts';
import type { Say } from '../../shared/page-data.ts';
import type { BookingState } from '../page-state/booking-state.ts';
import { seatName, type Hall } from '../page-state/hall.ts';
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

/** A seat in the words of its ticket. */
export function wordsOf(hall: Hall, seat: number, say: Say, language: Language): string {
  const name = seatName(hall, seat, language);
  return name === null ? '' : say('seats.seat-name', { section: name.section, row: name.row, seat: name.label });
}

/** What a screen reader hears of the last press. */
export function spokenWords({ spoken, hall }: BookingState, say: Say, language: Language): string {
  if (spoken === null || hall === null) return '';
  if (spoken.kind === 'held') return say('seats.say-held', spoken);
  return say(`seats.say-${spoken.kind}`, { ...spoken, seat: wordsOf(hall, spoken.seat, say, language) });
}
