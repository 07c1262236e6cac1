import { ok, refuse } from '@onsale/kernel';
import type { Connection, Outcome, Pool } from '@onsale/database';
import type { CommandAnswer } from '../rules/command.ts';
import type { BatchWrites } from '../rules/batch-rows.ts';
import { decideBatch } from '../rules/decide-batch.ts';
import type { DecidableCommand, Decision } from '../rules/scene.ts';
import { alternatives } from './admit.ts';
import { AlongsideRefusal, rowsNeeded, type Item } from './engine-item.ts';
import { lockRows, type UnsafeReads } from './lock-rows.ts';
import type { ShowBook } from './show-book.ts';
import { writeDelta, writeRows, type UnsafeWrites } from './write-rows.ts';

export type BatchUnsafe = UnsafeReads & UnsafeWrites;

/** A batch runs again without a command whose `alongside` refused; so many of them in one batch break it, and group commit halves it. */
const REFUSALS_MAX = 8;
/** Best available chooses at most this often; then the seats go too fast for it. */
const PICKS_MAX = 4;
const RETRY_SEAT_MS = 200;

/** One transaction for the batch. Answers after COMMIT; throws when nothing was committed, or when nobody knows. */
export async function runBatch(pool: Pool, book: ShowBook, items: readonly Item[], unsafe?: BatchUnsafe): Promise<readonly Outcome<CommandAnswer>[]> {
  const refusedAlongside = new Map<Item, unknown>();
  for (;;) {
    const live = items.filter((item) => !refusedAlongside.has(item));
    const connection = await pool.acquire();
    try {
      await connection.begin();
      const decided = await decideAndWrite(connection, book, live, unsafe);
      // Nothing written, nothing to commit: the locks go, and an answer `again` does not depend on one more COMMIT being heard.
      await (decided.wrote ? connection.commit() : connection.rollback());
      if (decided.version !== undefined) book.map.apply(decided.version, decided.writes.changes);
      const outcomes = new Map(live.map((item, index) => [item, outcomeOf(book, item, decided.decisions[index] as Decision)]));
      return items.map((item) => outcomes.get(item) ?? { answer: refuse({ kind: 'alongside', refusal: refusedAlongside.get(item) }) });
    } catch (error) {
      await connection.rollback().catch(() => {}); // A connection that cannot roll back is closed by release.
      if (!(error instanceof RefusedAlongside) || refusedAlongside.size >= REFUSALS_MAX) throw error;
      refusedAlongside.set(error.item, error.refusal);
    } finally {
      connection.release();
    }
  }
}

class RefusedAlongside extends Error {
  readonly item: Item;
  readonly refusal: unknown;
  constructor(item: Item, refusal: unknown) {
    super('alongside refused');
    this.item = item;
    this.refusal = refusal;
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
  for (const [index, item] of items.entries()) {
    const decision = decisions[index] as Decision;
    if (item.alongside === undefined || decision === 'defer' || !decision.ok || decision.value.again) continue;
    try {
      await item.alongside(connection, decision.value);
    } catch (error) {
      if (error instanceof AlongsideRefusal) throw new RefusedAlongside(item, error.refusal);
      throw error;
    }
  }
  const wrote = writes.seats.size + writes.holds.size + writes.allowances.length > 0;
  return { decisions, writes, wrote, version: await writeDelta(connection, book.show, writes) };
}

function outcomeOf(book: ShowBook, item: Item, decision: Decision): Outcome<CommandAnswer> {
  if (decision === 'defer') return 'defer';
  if (item.command.kind === 'best-available') return outcomeOfChoice(item, decision);
  if (!decision.ok && decision.refusal.kind === 'seat-taken') {
    return { answer: refuse({ ...decision.refusal, alternatives: alternatives(book, decisionSeats(item)) }) };
  }
  return { answer: decision };
}

/** Seats that went to somebody else: choose again in the next batch, from fresh state. */
function outcomeOfChoice(item: Item, decision: CommandAnswer): Outcome<CommandAnswer> {
  if (decision.ok) return { answer: ok({ ...decision.value, kind: 'best-available', adjacent: item.adjacent }) };
  if (decision.refusal.kind !== 'seat-taken') return { answer: decision };
  item.picks += 1;
  if (item.picks >= PICKS_MAX) return { answer: refuse({ kind: 'seat-busy', retryAfterMs: RETRY_SEAT_MS }) };
  for (const seat of decision.refusal.seats) item.avoid.add(seat);
  return 'defer';
}

const decisionSeats = (item: Item): readonly number[] => (item.decidable !== undefined && 'seats' in item.decidable ? item.decidable.seats : []);
