import { ok, refuse, type OpaqueId } from '@onsale/kernel';
import { RowsLocked, type Connection, type Outcome, type Pool } from '@onsale/database';
import type { CommandAnswer, CommandDone } from '../rules/command.ts';
import type { BatchWrites } from '../rules/batch-rows.ts';
import { decideBatch } from '../rules/decide-batch.ts';
import type { DecidableCommand, Decision } from '../rules/scene.ts';
import { alternatives } from './admit.ts';
import { AlongsideRefusal, rowsNeeded, type Item } from './engine-item.ts';
import { lockRows, type UnsafeReads } from './lock-rows.ts';
import type { ShowBook } from './show-book.ts';
import { writeDelta, writeRows, type UnsafeWrites } from './write-rows.ts';

export type BatchUnsafe = UnsafeReads & UnsafeWrites;

/** A batch runs again without commands whose `alongside` refused or met locked rows; past so many runs it is broken, and group commit halves it. */
const RUNS_MAX = 8;
/** Best available chooses at most this often; then the seats go too fast for it. */
const PICKS_MAX = 4;
const RETRY_SEAT_MS = 200;

/** One transaction for the batch. Answers after COMMIT; throws when nothing was committed, or when nobody knows. */
export async function runBatch(pool: Pool, book: ShowBook, items: readonly Item[], unsafe?: BatchUnsafe): Promise<readonly Outcome<CommandAnswer>[]> {
  const without = new Map<Item, Outcome<CommandAnswer>>();
  for (let run = 1; ; run += 1) {
    const live = items.filter((item) => !without.has(item));
    if (live.length === 0) return items.map((item) => without.get(item) as Outcome<CommandAnswer>);
    const connection = await pool.acquire();
    try {
      await connection.begin();
      const decided = await decideAndWrite(connection, book, live, unsafe);
      // Nothing written, nothing to commit: the locks go, and an answer `again` does not depend on one more COMMIT being heard.
      await (decided.wrote ? connection.commit() : connection.rollback());
      if (decided.version !== undefined) book.map.apply(decided.version, decided.writes.changes);
      const outcomes = new Map(live.map((item, index) => [item, outcomeOf(book, item, decided.decisions[index] as Decision)]));
      return items.map((item) => outcomes.get(item) ?? (without.get(item) as Outcome<CommandAnswer>));
    } catch (error) {
      await connection.rollback().catch(() => {}); // A connection that cannot roll back is closed by release.
      if (!(error instanceof OutcomesAlongside) || run >= RUNS_MAX) throw error;
      for (const [item, outcome] of error.outcomes) without.set(item, outcome);
    } finally {
      connection.release();
    }
  }
}

class OutcomesAlongside extends Error {
  readonly outcomes: ReadonlyMap<Item, Outcome<CommandAnswer>>;
  constructor(outcomes: ReadonlyMap<Item, Outcome<CommandAnswer>>) {
    super('alongside refused');
    this.outcomes = outcomes;
  }
}

type Decided = { readonly decisions: readonly Decision[]; readonly writes: BatchWrites; readonly wrote: boolean; readonly version: number | undefined };

async function decideAndWrite(connection: Connection, book: ShowBook, items: readonly Item[], unsafe: BatchUnsafe = {}): Promise<Decided> {
  const terms = book.terms();
  const work = items.map((item) => ({ command: item.decidable as DecidableCommand, known: item.known }));
  const locked = await lockRows(connection, terms, rowsNeeded(work), unsafe);
  for (const item of items) if (item.known !== undefined) item.known = locked.holds.get(item.known.id) ?? item.known;
  const { decisions, writes } = decideBatch(terms, work.map(({ command }) => command), locked);
  await writeRows(connection, book.show, writes, unsafe);
  await writeAlongside(connection, items, decisions);
  const wrote = writes.seats.size + writes.holds.size + writes.allowances.length > 0;
  return { decisions, writes, wrote, version: await writeDelta(connection, book.show, writes) };
}

/**
 * All commands' own writes at once, so that those that are alike share statements (`gathered`); only commands about one hold follow each
 * other. Ends when the last has ended: nothing is still on its way to the connection when the transaction goes on or back.
 */
async function writeAlongside(connection: Connection, items: readonly Item[], decisions: readonly Decision[]): Promise<void> {
  const outcomes = new Map<Item, Outcome<CommandAnswer>>();
  const faults: unknown[] = [];
  const before = new Map<OpaqueId | null, Promise<void>>();
  const write = async (item: Item, done: CommandDone, earlier: Promise<void> | undefined): Promise<void> => {
    await earlier;
    try {
      await item.alongside?.(connection, done);
    } catch (error) {
      item.waits = error instanceof RowsLocked;
      if (item.waits) outcomes.set(item, 'defer');
      else if (error instanceof AlongsideRefusal) outcomes.set(item, { answer: refuse({ kind: 'alongside', refusal: error.refusal }) });
      else faults.push(error);
    }
  };
  for (const [index, item] of items.entries()) {
    const decision = decisions[index] as Decision;
    if (item.alongside === undefined || decision === 'defer' || !decision.ok || decision.value.again) continue;
    const hold = decision.value.hold?.id ?? null;
    before.set(hold, write(item, decision.value, before.get(hold)));
  }
  await Promise.all(before.values());
  if (faults.length > 0) throw faults[0];
  if (outcomes.size > 0) throw new OutcomesAlongside(outcomes);
}

function outcomeOf(book: ShowBook, item: Item, decision: Decision): Outcome<CommandAnswer> {
  if (decision === 'defer') return 'defer';
  if (item.command.kind === 'best-available') return outcomeOfChoice(item, decision);
  if (!decision.ok && decision.refusal.kind === 'seat-taken') {
    return { answer: refuse({ ...decision.refusal, alternatives: alternatives(book, decisionSeats(item)) }) };
  }
  return { answer: decision };
}

/** Seats that went to somebody else, or that this person may not have for now: choose again in the next batch, from fresh state. */
function outcomeOfChoice(item: Item, decision: CommandAnswer): Outcome<CommandAnswer> {
  if (decision.ok) return { answer: ok({ ...decision.value, kind: 'best-available', adjacent: item.adjacent }) };
  if (decision.refusal.kind !== 'seat-taken' && decision.refusal.kind !== 'lapsed-too-often') return { answer: decision };
  item.picks += 1;
  if (item.picks >= PICKS_MAX) return { answer: refuse({ kind: 'seat-busy', retryAfterMs: RETRY_SEAT_MS }) };
  for (const seat of decision.refusal.seats) item.avoid.add(seat);
  return 'defer';
}

const decisionSeats = (item: Item): readonly number[] => (item.decidable !== undefined && 'seats' in item.decidable ? item.decidable.seats : []);
