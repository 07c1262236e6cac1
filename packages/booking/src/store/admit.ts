import { refuse } from '@onsale/kernel';
import type { Admission } from '@onsale/database';
import { bestAvailable, nearestAlternatives } from '../rules/best-available.ts';
import type { CommandAnswer, CommandRefusal } from '../rules/command.ts';
import { recall } from '../rules/keyed-request.ts';
import { orphansLeft } from '../rules/orphan-seat.ts';
import { tagOf } from '../rules/seat-codes.ts';
import { SEAT_CODES } from '../rules/seat.ts';
import type { DecidableCommand } from '../rules/scene.ts';
import { keysOf, type Item } from './engine-item.ts';
import type { ShowBook } from './show-book.ts';

type IsTaken = (key: string) => boolean;

const RETRY_AWAY_MS = 1_000;

/**
 * What the process's memory can say before a command enters a batch: that its seats are taken, that it would leave a seat alone, which
 * seats are best. Everything else, and everything while the memory is not fresh, is for the database to decide.
 */
export function admit(book: ShowBook, item: Item, isTaken: IsTaken): Admission<CommandAnswer> {
  if (item.command.kind === 'best-available') {
    const refusal = choose(book, item, isTaken);
    if (refusal !== undefined) return { answer: refuse(refusal) };
  }
  const command = item.decidable as DecidableCommand;
  if ((command.kind === 'hold' || command.kind === 'swap') && book.map.fresh()) {
    const refusal = refuseFromMemory(book, command, item, isTaken);
    if (refusal !== undefined) return { answer: refuse(refusal) };
  }
  return { keys: keysOf(command, item.known) };
}

/**
 * B11: a seat that is taken at a known version, in no batch in flight (which may be freeing it), is refused. Not if some seat carries the
 * tag of the hold to be made, or the hold remembers the key: then this is the same request again, and the database knows its answer.
 */
function refuseFromMemory(
  book: ShowBook, command: Extract<DecidableCommand, { kind: 'hold' | 'swap' }>, item: Item, isTaken: IsTaken,
): CommandRefusal | undefined {
  const { codes, tags } = book.map.memory;
  const own = tagOf(command.hold);
  if (command.kind === 'hold' ? book.map.memory.hasTag(own) : recall(item.known?.requests ?? '', command.keyed) !== 'new') return undefined;
  const taken = command.seats.filter((seat) => codes[seat] !== SEAT_CODES.free && tags[seat] !== own && !isTaken(`s${seat}`));
  if (taken.length > 0) return { kind: 'seat-taken', seats: taken, alternatives: alternatives(book, command.seats) };
  if (!book.terms().orphanRule || item.command.kind === 'best-available') return undefined;
  // Seats that a swap gives up are free again for this question.
  const isFree = (seat: number): boolean => codes[seat] === SEAT_CODES.free || item.known?.seats.includes(seat) === true;
  const orphans = orphansLeft(book.index, isFree, command.seats);
  return orphans.length > 0 ? { kind: 'orphan-seat', seats: orphans } : undefined;
}

export const alternatives = (book: ShowBook, wanted: readonly number[]): number[][] =>
  book.map.fresh() ? nearestAlternatives({ layout: book.index, codes: book.map.memory.codes, orphanRule: book.terms().orphanRule }, wanted) : [];

/**
 * Chooses from memory, anew each time the command enters a batch: never inside the transaction, where it would break the lock order. Seats that carry the
 * tag of the hold to be made are what this very request once got: it is answered again, also when nothing else is left.
 */
function choose(book: ShowBook, item: Item, isTaken: IsTaken): CommandRefusal | undefined {
  const { command } = item;
  if (command.kind !== 'best-available') return undefined;
  const { memory } = book.map;
  const { show, person, session, hold, holdMs, keyed } = command;
  const decide = (seats: readonly number[]): undefined => {
    item.decidable = { kind: 'hold', show, person, session, hold, seats, ...(holdMs !== undefined && { holdMs }), ...(keyed !== undefined && { keyed }) };
  };
  const own = memory.seatsTagged(tagOf(hold));
  if (own.length > 0) return decide(own);
  const grade = command.grade === undefined ? undefined : book.index.grades.findIndex(({ grade: name }) => name === command.grade);
  const best =
    grade === -1
      ? undefined
      : bestAvailable({
          layout: book.index,
          codes: memory.codes,
          isPending: (seat) => item.avoid.has(seat) || isTaken(`s${seat}`),
          quantity: command.quantity,
          grade,
          orphanRule: book.terms().orphanRule,
        });
  if (best === undefined) return book.map.fresh() ? { kind: 'sold-out', quantity: command.quantity } : { kind: 'unavailable', retryAfterMs: RETRY_AWAY_MS };
  item.adjacent = best.adjacent;
  return decide(best.seats);
}
