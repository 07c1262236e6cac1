import { refuse } from '@onsale/kernel';
import { createGroupCommit, isUnavailable, type GroupCommitGauges, type GroupCommitLimits, type NotDecided, type Pool } from '@onsale/database';
import { isSeatOf } from '../rules/layout-index.ts';
import { tagOf } from '../rules/seat-codes.ts';
import type { CommandAnswer, CommandRefusal, SeatCommand } from '../rules/command.ts';
import { admit } from './admit.ts';
import type { Alongside, Item } from './engine-item.ts';
import { lookUpHold } from './hold-lookup.ts';
import { runBatch, type BatchUnsafe } from './run-batch.ts';
import type { ShowBook, ShowBooks } from './show-book.ts';

export { AlongsideRefusal, type Alongside } from './engine-item.ts';
export type HoldEngineOptions = {
  /** The hot pool: one connection for each batch in flight. */
  readonly pool: Pool;
  /** Where holds are looked up before they are locked; default the hot pool. */
  readonly reads?: Pool;
  readonly books: ShowBooks;
  /** Told of every failure of a batch (no values in it): for logs and metrics. */
  readonly onFault?: (error: unknown) => void;
  readonly limits?: Partial<GroupCommitLimits>;
  /** Tests only: a guard taken out, to see the test fail. */
  readonly unsafe?: BatchUnsafe;
};
export type HoldEngineGauges = GroupCommitGauges & { /** Answered without a transaction. */ readonly fromMemory: number };
export interface HoldEngine {
  submit(command: SeatCommand, alongside?: Alongside): Promise<CommandAnswer>;
  /** Whether a new hold would be taken now, so that the edge can refuse before it has read the request: see group commit. */
  hasRoom(turnMs: number): boolean;
  gauges(): HoldEngineGauges;
  /** Refuses newcomers, answers those inside. */
  close(): Promise<void>;
}

/** An operator's block or unblock; more seats are more commands. */
export const SEATS_PER_COMMAND_MAX = 500;
/** Group commit refuses whose turn would come later than in about half of this. */
const RETRY_BUSY_MS = 500;
const RETRY_AWAY_MS = 1_000;
const RETRY_SEAT_MS = 200;

/** The engine of one process: all its shows share the batches in flight. See README.md for the order of statements. */
export function createHoldEngine(options: HoldEngineOptions): HoldEngine {
  const { pool, books, onFault, limits } = options;
  let fromMemory = 0;
  const group = createGroupCommit<Item, CommandAnswer>({
    scopeOf: ({ command }) => command.show,
    starts: ({ command: { kind } }) => kind === 'hold' || kind === 'best-available',
    admit: (item, isTaken) => {
      const admission = admit(item.book, item, isTaken);
      if ('answer' in admission) fromMemory += 1;
      return admission;
    },
    run: (_, items) => runBatch(pool, (items[0] as Item).book, items, options.unsafe),
    refused: ({ waits }, why, error) => refuse(notDecided(waits && why === 'deferred-too-often' ? 'waited-too-long' : why, error)),
    ...(onFault === undefined ? {} : { onFault }),
    ...(limits === undefined ? {} : { limits }),
  });

  const submit = async (command: SeatCommand, alongside?: Alongside): Promise<CommandAnswer> => {
    try {
      const book = books.peek(command.show) ?? (await books.open(command.show));
      if (book === undefined) return refuse({ kind: 'unknown-show' });
      const beforehand = refuseBeforehand(book, command);
      if (beforehand !== undefined) return refuse(beforehand);
      book.map.touch();
      const item: Item = {
        command, book, alongside, known: undefined, decidable: command.kind === 'best-available' ? undefined : command, adjacent: true, picks: 0,
        waits: false,
        avoid: new Set(),
      };
      if (isAboutHold(command)) {
        item.known = await lookUpHold(options.reads ?? pool, { show: command.show, id: command.hold });
        if (item.known === undefined) return refuse({ kind: 'no-hold' });
      }
      return await group.submit(item);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      onFault?.(error);
      return refuse({ kind: 'unavailable', retryAfterMs: error.retryAfterMs });
    }
  };
  return { submit, hasRoom: (turnMs) => group.hasRoom(turnMs), gauges: () => ({ ...group.gauges(), fromMemory }), close: () => group.close() };
}

/** Commands about a hold that exists need its person, session and seats to know what to lock. */
const isAboutHold = (command: SeatCommand): command is Extract<SeatCommand, { readonly hold: unknown }> =>
  command.kind !== 'hold' && command.kind !== 'best-available' && 'hold' in command;

/** What needs neither the queue nor a row: unknown or repeated seats, a closed sale. */
function refuseBeforehand(book: ShowBook, command: SeatCommand): CommandRefusal | undefined {
  const seats = 'seats' in command ? command.seats : undefined;
  if (seats !== undefined) {
    const unknown = seats.filter((seat, index) => !isSeatOf(book.index, seat) || seats.indexOf(seat) !== index);
    if (unknown.length > 0 || seats.length === 0 || seats.length > SEATS_PER_COMMAND_MAX) return { kind: 'unknown-seat', seats: unknown };
  }
  const starting = command.kind === 'hold' || command.kind === 'swap' || command.kind === 'best-available';
  if (!starting) return undefined;
  const { saleOpen, limits } = book.terms();
  if (!saleOpen) return { kind: 'sale-closed' };
  // A key that has made a hold is compared first; see the order of refusals.
  const isNew = !book.map.memory.hasTag(tagOf(command.hold));
  return command.kind === 'best-available' && command.quantity > limits.perOrder && isNew ? { kind: 'limit', scope: 'order', max: limits.perOrder } : undefined;
}

function notDecided(why: NotDecided, error: unknown): CommandRefusal {
  switch (why) {
    case 'deferred-too-often':
      return { kind: 'seat-busy', retryAfterMs: RETRY_SEAT_MS };
    case 'failed':
      return { kind: 'unavailable', retryAfterMs: isUnavailable(error) ? error.retryAfterMs : RETRY_AWAY_MS };
    default:
      return { kind: 'busy', retryAfterMs: RETRY_BUSY_MS };
  }
}
