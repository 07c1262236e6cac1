import { publishShow, findViolations, type LayoutDoc } from '@onsale/booking';
import { openPool, type Pool } from '@onsale/database';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, type ShowId } from '@onsale/kernel';
import { openTestDatabase } from '@onsale/testing';
import t from 'tap';
import { createRowAudit, dueShows, ON_SALE_EVERY_MS, OTHERS_EVERY_MS, type RowAudit } from '../src/row-audit.ts';


const SEATS = 10;
const LAYOUT: LayoutDoc = {
  width: 100, height: 100, stage: [], focus: [50, 0], seats: SEATS,
  grades: [{ grade: 'R', name: { ko: 'R', en: 'R' }, price: 100_000, fee: 2_000, color: '#112233' }],
  sections: [{
    section: '1', name: { ko: '1', en: '1' }, outline: [],
    rows: [{ row: '1', first: 0, count: SEATS, label0: 1, x: 1, y: 1, dx: 1, dy: 0, grade: 'R' }],
  }],
};

/** Shows of the past, and one that is on sale; every statement of the audit and the show it was about. */
async function openScene(t: Parameters<typeof openTestDatabase>[0]): Promise<{ pool: Pool; looked: () => string[]; past: ShowId[]; now: ShowId }> {
  const { url } = await openTestDatabase(t);
  const statements: string[] = [];
  const pool = openPool({ url, connections: 2, onQuery: (sql) => statements.push(sql) });
  t.teardown(() => pool.close());
  const publish = async (show: string, closedAgoMs: number): Promise<ShowId> => {
    const nowMs = Date.now();
    await publishShow(pool, {
      show: show as ShowId, event: `event-${show}`, eventName: { ko: '공연', en: 'Concert' }, venueName: { ko: '홀', en: 'Hall' }, currency: 'KRW', layout: LAYOUT,
      startsAt: new Date(nowMs + DAY_MS), opensAt: new Date(nowMs - 30 * DAY_MS), closesAt: new Date(nowMs - closedAgoMs),
    });
    return show as ShowId;
  };
  const past: ShowId[] = [];
  for (let n = 0; n < 6; n += 1) past.push(await publish(`past-${n}`, 2 * DAY_MS));
  const now = await publish('now', -DAY_MS);
  const looked = (): string[] => statements.splice(0).filter((sql) => sql.startsWith('/* audit */'));
  looked();
  return { pool, looked, past, now };
}

/** A round whose findings are written down. */
async function roundOf(audit: RowAudit): ReturnType<RowAudit['round']> {
  const found = await audit.round();
  audit.written();
  return found;
}

const sellOutsideTheEngine = (pool: Pool, show: ShowId): Promise<unknown> =>
  pool.query("UPDATE seat SET state = 'sold', claim = UNHEX(REPEAT('ab', 16)) WHERE show_id = ? AND seat_no = 3", [show]);

t.test('a show on sale is looked at each round, the others once an hour; what is planted in either is found', async (t) => {
  const { pool, looked, past, now } = await openScene(t);
  const clock = { ms: 0 };
  const audit = createRowAudit({ database: { reads: pool } as never, monotonic: () => clock.ms });
  t.same(await roundOf(audit), []);
  const aShow = looked().length / (past.length + 1);
  t.ok(aShow >= 10, 'at first everything');
  for (let round = 0; round < 20; round += 1) {
    clock.ms += ON_SALE_EVERY_MS;
    await roundOf(audit);
    t.equal(looked().length, aShow, 'then the show on sale');
  }
  await sellOutsideTheEngine(pool, now);
  clock.ms += ON_SALE_EVERY_MS;
  t.match(await roundOf(audit), [{ invariant: 'B1', detail: /now/ }]);
  await sellOutsideTheEngine(pool, past[4] as ShowId);
  let foundAfterMs: number | undefined;
  for (const from = clock.ms; foundAfterMs === undefined && clock.ms - from <= OTHERS_EVERY_MS;) {
    clock.ms += 5 * MINUTE_MS;
    if ((await roundOf(audit)).some(({ detail }) => detail.includes('past-4'))) foundAfterMs = clock.ms - from;
  }
  t.ok(foundAfterMs !== undefined, 'and one of the past within the hour');
  await sellOutsideTheEngine(pool, past[1] as ShowId);
  clock.ms += OTHERS_EVERY_MS;
  const named = async (): Promise<boolean> => (await audit.round()).some(({ detail }) => detail.includes('past-1'));
  t.ok(await named());
  t.ok(await named(), 'what could not be written down is found again by the next round');
  audit.written();
  t.notOk(await named(), 'then not within the hour');
  t.ok((await findViolations(pool)).length >= 2, 'as an audit of everything does');
});

t.test('a round has a time; what it leaves is the first of the next, and shows on sale do not starve the others', async (t) => {
  const { pool, past, now } = await openScene(t);
  const clock = { ms: 0 };
  // Each look at the clock costs a second: a round of two seconds has room for a show or two.
  const audit = createRowAudit({ database: { reads: pool } as never, monotonic: () => (clock.ms += SECOND_MS), roundMs: 3 * SECOND_MS });
  for (const show of [...past, now]) await sellOutsideTheEngine(pool, show);
  const found = new Set<string>();
  let rounds = 0;
  for (; rounds < 40 && found.size < 7; rounds += 1) for (const { detail } of await roundOf(audit)) found.add(/past-\d|now/.exec(detail)?.[0] ?? detail);
  t.same([...found].sort(), [now, ...past]);
  t.ok(rounds > 2, `${rounds} rounds`);
  const shows = [{ show: 'a' as ShowId, isOnSale: true }, { show: 'b' as ShowId, isOnSale: false }];
  const lookedAt = new Map([['a' as ShowId, 0], ['b' as ShowId, 0], ['gone' as ShowId, 0]]);
  t.same(dueShows(shows, lookedAt, 20_000), ['a']);
  t.same(dueShows(shows, new Map([['a' as ShowId, 2 * HOUR_MS - 11_000], ['b' as ShowId, 0]]), 2 * HOUR_MS), ['b', 'a'], 'the most overdue first');
  t.notOk(lookedAt.has('gone' as ShowId));
});

t.test('money goes by a cursor: a bounded number of orders a round, and what is planted anywhere is found in one turn of it', async (t) => {
  const { pool } = await openScene(t);
  const ORDERS = 120;
  await pool.query('CREATE TABLE n (n INT PRIMARY KEY)');
  await pool.query(`INSERT INTO n VALUES ${Array.from({ length: ORDERS }, (_, n) => `(${n + 1})`).join()}`);
  // Captured money of orders that do not exist, at both ends of the ids and between: each is a violation.
  await pool.query(`INSERT INTO payment (order_id, n, payment_key, provider_order_id, amount, refunded, currency, captured_at)
    SELECT LEFT(UNHEX(SHA2(n, 256)), 16), 1, CONCAT('key', n), CONCAT('o', n), 1000, IF(n IN (7, 60, 111), 0, 1000), 'KRW', NOW(3) FROM n`);
  const audit = createRowAudit({ database: { reads: pool } as never, monotonic: () => 0, ordersMax: 25 });
  const found = new Set<string>();
  let rounds = 0;
  for (; rounds < 30 && found.size < 3; rounds += 1) for (const { invariant, detail } of await roundOf(audit)) if (invariant === 'B3') found.add(detail);
  t.equal(found.size, 3, `${rounds} rounds`);
  t.ok(rounds > 3, 'a round looks at a part');
  await pool.query('UPDATE payment SET refunded = amount');
  for (let round = 0; round < 12; round += 1) t.same(await roundOf(audit), [], 'what is mended is named no more');
});
