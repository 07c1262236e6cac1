import { findViolations, publishShow, type LayoutDoc } from '@onsale/booking';
import { openPool, TABLES, type Life, type Pool } from '@onsale/database';
import { DAY_MS, HOUR_MS, type ShowId } from '@onsale/kernel';
import { openAppUser, openTestDatabase } from '@onsale/testing';
import t from 'tap';
import { pruneOnce, PRUNES } from '../src/loops/pruner.ts';

// A year of weekly on-sales with the database's clock moved: what `TABLES` says that leaves, leaves; what is a record stays.

t.setTimeout(120_000);

const WEEK_MS = 7 * DAY_MS;
const WEEKS = 52;
/** Longer than the longest life: so long nothing is pruned, and every bound must be broken. */
const UNPRUNED_WEEKS = 20;
const FANS = 40;
const BUYERS = 5;
const STARTED_AT_MS = Date.UTC(2030, 0, 7, 11);

const LAYOUT: LayoutDoc = {
  width: 100, height: 100, stage: [], focus: [50, 0], seats: BUYERS,
  grades: [{ grade: 'R', name: { ko: 'R', en: 'R' }, price: 100_000, fee: 2_000, color: '#112233' }],
  sections: [{
    section: '1', name: { ko: '1', en: '1' }, outline: [],
    rows: [{ row: '1', first: 0, count: BUYERS, label0: 1, x: 1, y: 1, dx: 1, dy: 0, grade: 'R' }],
  }],
};

/** Four fans in five enter, hold and let go; the others buy. A month's shows are of one event. */
async function sell(pool: Pool, week: number, nowMs: number): Promise<void> {
  const [show, event] = [`show-${week}`, `event-${Math.floor(week / 4)}`];
  await publishShow(pool, {
    show: show as ShowId, event, eventName: { ko: '공연', en: 'Concert' }, venueName: { ko: '홀', en: 'Hall' }, currency: 'KRW', layout: LAYOUT,
    startsAt: new Date(nowMs + 20 * DAY_MS), opensAt: new Date(nowMs - HOUR_MS), closesAt: new Date(nowMs + 2 * DAY_MS),
  });
  const fans = (columns: string, upTo = FANS): string => `SELECT ${columns} FROM fan WHERE n <= ${upTo}`;
  const id = (of: string): string => `LEFT(UNHEX(SHA2(CONCAT('${of}', ${week}, '-', n), 256)), 16)`;
  const statements = [
    `INSERT INTO entry_session (room, place, sid, person, binding, shows, made_at, until_at)
       ${fans(`'${show}', n, ${id('sid')}, ${id('person')}, 'b', '["${show}"]', NOW(3), NOW(3) + INTERVAL 25 MINUTE`)}`,
    `INSERT INTO session_end (sid, reason, at) ${fans(`${id('sid')}, 'finished', NOW(3)`)}`,
    `INSERT INTO allowance (scope_id, person, live) ${fans(`'attempts', ${id('sid')}, 3`)}`,
    `INSERT INTO allowance (scope_id, person, live) ${fans(`'orders', ${id('sid')}, 0`)}`,
    `INSERT INTO allowance (scope_id, person, live) ${fans(`'show/${show}', ${id('person')}, IF(n <= ${BUYERS}, 1, 0)`)}`,
    `INSERT INTO allowance (scope_id, person, live) ${fans(`'event/${event}', ${id('person')}, IF(n <= ${BUYERS}, 1, 0)`)}`,
    ...['expired', 'released', 'settled'].map((state) => `INSERT INTO hold
       (show_id, id, person, session, state, seats, lengthened, awaiting, swaps, until_at, made_at)
       ${fans(`'${show}', ${id(state)}, ${id('person')}, ${id('sid')}, '${state}', CONCAT('[', n - 1, ']'), 0, 0, 0, NOW(3) + INTERVAL 8 MINUTE, NOW(3)`,
         state === 'settled' ? BUYERS : FANS)}`),
    `UPDATE seat SET state = 'sold', claim = LEFT(UNHEX(SHA2(CONCAT('settled', ${week}, '-', seat_no + 1), 256)), 16) WHERE show_id = '${show}'`,
    `INSERT INTO seat_delta (show_id, version, changes, at) ${fans(`'${show}', n, '', NOW(3)`)}`,
    `INSERT INTO seat_lapse (show_id, person, seat_no, lapses, at) ${fans(`'${show}', ${id('person')}, 1, 1, NOW(3)`)}`,
    `INSERT INTO outbox (kind, ordering_key, payload, made_at, next_at, closed_at) ${fans(`'finish', '${show}', '{}', NOW(3), NOW(3), NOW(3)`)}`,
    `INSERT INTO operator_session (token_hash, name, made_at, expires_at) ${fans(`UNHEX(SHA2(CONCAT(${week}, '-', n), 256)), 'o', NOW(3), NOW(3)`, 3)}`,
    `INSERT INTO finding (digest, invariant, detail, first_at, last_at, seen)
       ${fans(`UNHEX(SHA2(CONCAT('f', ${week}, n), 256)), 'W1', 'd', NOW(3), NOW(3), 1`, 3)}`,
    `INSERT INTO entry_key (kid, jwk, not_after, published_at) VALUES ('k${week}', '{}', NOW(3), NOW(3))`,
    `INSERT INTO room_report (room, epoch, reported_at, left_at, report) VALUES ('${show}', 1, NOW(3), NOW(3), '{}')`,
    `INSERT INTO audit_log (at, actor, action, subject, cause) ${fans(`NOW(3), 'o', 'room.change', 'room:${show}', ''`, 3)}`,
  ];
  for (const statement of statements) await pool.query(statement);
}

const passing = Object.entries<{ readonly life: Life }>(TABLES).flatMap(
  ([table, { life }]) => (life.kind === 'passing' ? [{ table, keptMs: life.keptMs }] : []),
);
const passingNames = passing.map(({ table }) => table).sort();
/** Rows of a table that has them for good because something was bought. */
const RECORDS: Readonly<Record<string, string>> = { hold: "state = 'settled'", allowance: 'live > 0' };

async function countPassing(pool: Pool): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { table } of passing) {
    const [[row]] = await pool.query(`/* test */ SELECT COUNT(*) AS n FROM ${table} ${RECORDS[table] === undefined ? '' : `WHERE NOT (${RECORDS[table]})`}`);
    counts.set(table, Number(row?.['n']));
  }
  return counts;
}

t.test('every table that passes has a pruner, and nothing else has', async (t) => {
  t.same(Object.keys(PRUNES).sort(), passingNames);
});

t.test('after a year of on-sales each table is within its stated bound', async (t) => {
  let nowMs = STARTED_AT_MS;
  const { url } = await openTestDatabase(t);
  const pool = openPool({ url, connections: 1, nowMs: () => nowMs, statementMs: 60_000 });
  t.teardown(() => pool.close());
  const worker = openPool({ url: (await openAppUser(t, url, 'worker')).url, connections: 1, nowMs: () => nowMs, statementMs: 60_000 });
  t.teardown(() => worker.close());
  await pool.query('CREATE TABLE fan (n INT PRIMARY KEY)');
  await pool.query(`INSERT INTO fan VALUES ${Array.from({ length: FANS }, (_, n) => `(${n + 1})`).join(', ')}`);
  await sell(pool, 0, nowMs);
  const aWeek = await countPassing(pool);
  // Made within its life, within the week since the pruner last ran here, and within the sale (2 days) that an allowance outlives.
  const bounds = new Map(passing.map(({ table, keptMs }) => [table, (Math.ceil((keptMs + 2 * DAY_MS) / WEEK_MS) + 1) * (aWeek.get(table) ?? 0)]));
  const above = async (): Promise<string[]> => [...(await countPassing(pool))].filter(([table, n]) => n > (bounds.get(table) ?? 0)).map(([table]) => table);
  const never = new AbortController().signal;
  for (let week = 1; week < WEEKS; week += 1) {
    nowMs += WEEK_MS;
    await sell(pool, week, nowMs);
    if (week === UNPRUNED_WEEKS) t.same((await above()).sort(), passingNames, 'negative control: unpruned, all of them break their bounds');
    if (week > UNPRUNED_WEEKS) await pruneOnce(worker, never);
  }
  t.same(await above(), []);
  const [[kept]] = await pool.query(`SELECT
    (SELECT COUNT(*) FROM hold WHERE state = 'settled') AS settled, (SELECT COUNT(*) FROM seat WHERE state = 'sold') AS sold,
    (SELECT SUM(live) FROM allowance WHERE scope_id LIKE 'show/%') AS counted, (SELECT COUNT(*) FROM audit_log) AS acts,
    (SELECT COUNT(*) FROM room_report) AS reports`);
  t.match(Object.values(kept as object).map(Number), [WEEKS * BUYERS, WEEKS * BUYERS, WEEKS * BUYERS, WEEKS * 3, WEEKS],
    'what was bought and decided is all there, and a report of each room');
  const [[running]] = await pool.query(`SELECT
    (SELECT COUNT(*) FROM entry_session WHERE room = ?) AS sessions, (SELECT COUNT(*) FROM hold WHERE show_id = ?) AS holds,
    (SELECT COUNT(*) FROM allowance WHERE scope_id = ?) AS allowances`, [`show-${WEEKS - 1}`, `show-${WEEKS - 1}`, `show/show-${WEEKS - 1}`]);
  t.match(running, { sessions: FANS, holds: 2 * FANS + BUYERS, allowances: FANS }, 'the sale that runs is untouched');
  t.same((await findViolations(pool)).filter(({ invariant }) => invariant === 'B1' || invariant === 'B4'), [], 'and the auditor finds its counters right');
});
