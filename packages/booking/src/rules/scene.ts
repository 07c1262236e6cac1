import { invariant, ok, refuse, type OpaqueId } from '@onsale/kernel';
import type { BatchRows } from './batch-rows.ts';
import type { CommandAnswer, CommandDone, CommandRefusal, SeatCommand } from './command.ts';
import type { HoldRow } from './hold.ts';
import { ATTEMPTS_SCOPE, eventScope, showScope, type LiveSeats } from './seat-limit.ts';
import type { SeatState } from './seat.ts';
import type { DecidingTerms } from './terms.ts';

/** What the deciding functions see: the terms of the show, and the rows as the commands before have left them. */
export type Scene = { readonly terms: DecidingTerms; readonly rows: BatchRows };
/** `defer`: a row that the command needs is locked by somebody else. Nothing of the command was written into the rows. */
export type Decision = CommandAnswer | 'defer';
/** Best available has chosen its seats by now. */
export type DecidableCommand = Exclude<SeatCommand, { readonly kind: 'best-available' }>;
export type CommandOf<Kind extends SeatCommand['kind']> = Extract<SeatCommand, { readonly kind: Kind }>;

export const refused = (refusal: CommandRefusal): CommandAnswer => refuse(refusal);
type Done = Partial<Omit<CommandDone, 'kind' | 'hold'>>;
export const did = (kind: SeatCommand['kind'], hold: CommandDone['hold'], { changed = [], untouched = [], again = false }: Done = {}): CommandAnswer =>
  ok({ kind, hold, changed, untouched, again });

/** Seats of the show and of the event that the person has; undefined when either row is locked elsewhere. */
export function liveSeats({ terms, rows }: Scene, person: OpaqueId): LiveSeats | undefined {
  const inShow = rows.allowance(showScope(terms.show), person);
  const inEvent = rows.allowance(eventScope(terms.event), person);
  return inShow === undefined || inEvent === undefined ? undefined : { inShow, inEvent };
}
export function addLiveSeats({ terms, rows }: Scene, person: OpaqueId, added: number): void {
  rows.add(showScope(terms.show), person, added);
  rows.add(eventScope(terms.event), person, added);
}
export const attemptsOf = ({ rows }: Scene, session: OpaqueId): number | undefined => rows.allowance(ATTEMPTS_SCOPE, session);

/** Whether every seat's row is locked by us. */
export const haveSeats = ({ rows }: Scene, seats: readonly number[]): boolean => seats.every((seat) => rows.seat(seat) !== undefined);
/** Those that are not free, among the ones whose rows are locked by us. */
export const takenSeats = ({ rows }: Scene, seats: readonly number[]): number[] =>
  seats.filter((seat) => {
    const row = rows.seat(seat);
    return row !== undefined && row.state !== 'free';
  });

/** Moves seats that the hold owns to another state. B1: they carry its claim, or something has written past the engine. */
export function moveOwnSeats({ rows }: Scene, hold: HoldRow, seats: readonly number[], to: SeatState): void {
  const from: SeatState = hold.state === 'settled' ? 'sold' : 'held';
  for (const seat of seats) {
    const row = rows.seat(seat);
    invariant(row?.claim === hold.id && row.state === from, `seat ${seat} is not ${from} by the hold that owns it`);
  }
  rows.setSeats(seats, to, to === 'held' || to === 'sold' ? hold.id : null);
}
