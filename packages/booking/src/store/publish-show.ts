import { createHash } from 'node:crypto';
import type { Currency, ShowId } from '@onsale/kernel';
import { inTransaction, type Pool, type ResultSetHeader, type Tx } from '@onsale/database';
import { indexLayout } from '../rules/layout-index.ts';
import type { Bilingual, LayoutDoc } from '../rules/layout.ts';
import { DEFAULT_LIMITS, type SeatLimits } from '../rules/seat-limit.ts';
import { chunksOf } from './sql-text.ts';

/** Everything of a show that booking owns from its publication on. */
export type ShowToPublish = {
  readonly show: ShowId;
  /** Slug of the event. */
  readonly event: string;
  readonly eventName: Bilingual;
  readonly venueName: Bilingual;
  readonly startsAt: Date;
  readonly opensAt: Date;
  readonly closesAt: Date;
  readonly currency: Currency;
  readonly layout: LayoutDoc;
  readonly limits?: Partial<SeatLimits>;
  readonly orphanRule?: boolean;
  readonly feePolicy?: number;
};

const SEATS_PER_STATEMENT = 2_000;

/**
 * Copies terms, layout, grades and seats into booking's tables. The show is `publishing` and invisible until all of it is there; a run
 * that was cut off is taken up by the next. Published already: `already`, and nothing is changed. Ends with ANALYZE, so that the first
 * hold meets a plan made for this many seats.
 */
export async function publishShow(pool: Pool, show: ShowToPublish): Promise<'published' | 'already'> {
  const index = indexLayout(show.layout);
  if (!(show.opensAt < show.closesAt)) throw new Error('a sale must open before it closes');
  const begun = await inTransaction(pool, { isolation: 'read committed' }, (tx) => begin(tx, show));
  if (!begun) return 'already';
  const seats = Array.from({ length: index.seats }, (_, seat) => [show.show, seat, index.grades[index.grade[seat] as number]?.grade as string, 'free', null]);
  for (const chunk of chunksOf(seats, SEATS_PER_STATEMENT)) await pool.query(
    'INSERT IGNORE INTO seat (show_id, seat_no, grade, state, claim) VALUES ?', [chunk],
  );
  await startClock(pool, show.show);
  await pool.query("UPDATE show_sale SET state = 'on-sale', published_at = NOW(3) WHERE show_id = ? AND state = 'publishing'", [show.show]);
  await pool.query('ANALYZE TABLE seat, hold, allowance');
  return 'published';
}

/** False when the show is published already. */
async function begin(
  tx: Tx,
  { show, event, eventName, venueName, startsAt, opensAt, closesAt, currency, layout, limits, orphanRule = true, feePolicy = 1 }: ShowToPublish,
): Promise<boolean> {
  const { perOrder, perPersonAndShow, perPersonAndEvent, attemptsPerSession, ordersPerEntry, idleSessionMs } = { ...DEFAULT_LIMITS, ...limits };
  const doc = JSON.stringify(layout);
  const version = createHash('sha256').update(doc).digest('hex').slice(0, 16);
  const [{ affectedRows }] = await tx.query<ResultSetHeader>(
    `INSERT IGNORE INTO show_sale (show_id, event_id, event_name, venue_name, state, starts_at, opens_at, closes_at, currency, per_order, per_person_and_show,
       per_person_and_event, attempts_per_session, orders_per_entry, idle_session_ms, orphan_rule, fee_policy, seats, layout_version) VALUES (?)`,
    [[
      show, event, JSON.stringify(eventName), JSON.stringify(venueName), 'publishing', startsAt, opensAt, closesAt, currency, perOrder, perPersonAndShow,
      perPersonAndEvent, attemptsPerSession, ordersPerEntry, idleSessionMs, orphanRule, feePolicy, layout.seats, version,
    ]],
  );
  if (affectedRows === 0) {
    const [[row]] = await tx.query('SELECT state, layout_version FROM show_sale WHERE show_id = ? FOR UPDATE', [show]);
    if (row?.['state'] !== 'publishing') return false;
    if (row['layout_version'] !== version) throw new Error('the show is being published with another layout');
    return true;
  }
  await tx.query('INSERT INTO show_layout (show_id, doc) VALUES (?, ?)', [show, doc]);
  const grades = layout.grades.map(({ grade, name, price, fee, color }, position) => [show, grade, JSON.stringify(name), price, fee, color, position]);
  await tx.query('INSERT INTO show_grade (show_id, grade, name, price, fee, color, position) VALUES ?', [grades]);
  return true;
}

const ERASED_VERSIONS = 1_000;
/**
 * A show that was erased and is published again leaves a gap of versions and a delta behind it: whoever knew the old seats reads them all
 * anew. Run again, it only leaves another gap.
 */
async function startClock(pool: Pool, show: ShowId): Promise<void> {
  await inTransaction(pool, { isolation: 'read committed' }, async (tx) => {
    await tx.query('INSERT INTO show_clock (show_id, version) VALUES (?, 0) ON DUPLICATE KEY UPDATE version = version + ?', [show, ERASED_VERSIONS]);
    await tx.query(
      "INSERT INTO seat_delta (show_id, version, changes, at) SELECT show_id, version, '', NOW(3) FROM show_clock WHERE show_id = ? AND version > 0",
      [show],
    );
  });
}
