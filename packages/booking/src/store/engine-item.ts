import type { OpaqueId } from '@onsale/kernel';
import type { Tx } from '@onsale/database';
import type { CommandDone, SeatCommand } from '../rules/command.ts';
import type { HoldRow } from '../rules/hold.ts';
import type { DecidableCommand } from '../rules/scene.ts';
import type { ShowBook } from './show-book.ts';
import type { RowsNeeded } from './lock-rows.ts';

/**
 * Runs in the engine's transaction after the command's own writes and only if they were made (an answer given `again` found them
 * committed together with what this wrote). Must touch nothing but `tx`, and may run more than once, each time in a new transaction.
 * Throw `AlongsideRefusal` to refuse the command alone, RowsLocked to have it try again a moment later. It must not wait for a row: the
 * whole batch would wait with it.
 */
export type Alongside = (tx: Tx, done: CommandDone) => Promise<void>;

export class AlongsideRefusal extends Error {
  override readonly name = 'AlongsideRefusal';
  readonly refusal: unknown;
  constructor(refusal: unknown) {
    super('alongside refused');
    this.refusal = refusal;
  }
}

/** A command on its way through the engine, with the book it came under: that one may be let go and opened anew meanwhile. */
export type Item = {
  readonly command: SeatCommand;
  readonly book: ShowBook;
  readonly alongside: Alongside | undefined;
  /** The hold it is about, as last read: names the rows to lock. */
  known: HoldRow | undefined;
  /** What is decided: the command itself, or the hold that best available chose. */
  decidable: DecidableCommand | undefined;
  /** Best available: whether the chosen seats are neighbours, how often others were faster, what turned out taken. */
  adjacent: boolean;
  picks: number;
  /** A row that its `alongside` needs is locked elsewhere: not its seats are busy. */
  waits: boolean;
  readonly avoid: Set<number>;
};

/** Everything that two commands must not have in two batches at once. */
export function keysOf(command: DecidableCommand, known: HoldRow | undefined): string[] {
  const keys = seatsOf(command, known).map((seat) => `s${seat}`);
  if ('hold' in command) keys.push(`h${command.hold}`);
  const person = 'person' in command && command.person !== undefined ? command.person : known?.person;
  const session = 'session' in command ? command.session : known?.session;
  if (person !== undefined) keys.push(`p${person}`);
  if (session !== undefined && session !== null) keys.push(`n${session}`);
  return keys;
}

/** Seats whose rows the command locks. Payment steps lock none: a lease is one row of `hold`. */
function seatsOf(command: DecidableCommand, known: HoldRow | undefined): readonly number[] {
  switch (command.kind) {
    case 'hold':
    case 'block':
    case 'unblock':
    case 'return':
      return command.seats;
    case 'swap':
      return [...new Set([...command.seats, ...(known?.seats ?? [])])];
    case 'release':
    case 'expire':
    case 'settle':
    case 'retake':
      return known?.seats ?? [];
    default:
      return [];
  }
}

/** The rows of a whole batch. */
export function rowsNeeded(items: readonly { readonly command: DecidableCommand; readonly known: HoldRow | undefined }[]): RowsNeeded {
  const needed = {
    startingSessions: new Set<OpaqueId>(), attempts: new Set<OpaqueId>(), orders: new Set<OpaqueId>(),
    persons: new Set<OpaqueId>(), holds: new Set<OpaqueId>(), seats: new Set<number>(),
  };
  for (const { command, known } of items) {
    for (const seat of seatsOf(command, known)) needed.seats.add(seat);
    if ('hold' in command) needed.holds.add(command.hold);
    switch (command.kind) {
      case 'hold':
      case 'swap':
        needed.startingSessions.add(command.session);
        needed.attempts.add(command.session);
        needed.persons.add(command.person);
        break;
      case 'order':
        if (known?.session == null) break;
        needed.startingSessions.add(known.session);
        needed.orders.add(known.session);
        break;
      case 'release':
      case 'expire':
      case 'retake':
        if (known?.session != null) needed.orders.add(known.session);
        if (known !== undefined) needed.persons.add(known.person);
        break;
      case 'return':
        if (known !== undefined) needed.persons.add(known.person);
        break;
      default:
    }
  }
  return needed;
}
