import t from 'tap';
import {
  addOutboxRow, addOutboxRows, claimOutboxRows, closeOutboxRow, inTransaction, migrate, openPool, outboxPauseMs, pruneOutbox, readOutboxGauges, retryOutboxRow,
  type OutboxRow, type ResultSetHeader, type Tx,
} from '../src/index.ts';
import { ownDatabase } from '@onsale/testing';

const url = await ownDatabase(t);
await migrate(url);
let nowMs = Date.UTC(2026, 0, 1);
const pool = openPool({ url, connections: 12, queueMax: 200, waitMs: 20_000, nowMs: () => nowMs });
t.teardown(() => pool.close());
await pool.query('CREATE TABLE effect (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, outbox_id BIGINT UNSIGNED NOT NULL, worker INT NOT NULL)');
t.beforeEach(async () => {
  await pool.query('DELETE FROM outbox');
  await pool.query('DELETE FROM effect');
});

const RC = { isolation: 'read committed' } as const;
const LEASE_MS = 10_000;
const transaction = <Value>(work: (tx: Tx) => Promise<Value>): Promise<Value> => inTransaction(pool, RC, work);
const add = (key: string, extra: { kind?: string; delayMs?: number } = {}): Promise<void> =>
  transaction((tx) => addOutboxRow(tx, { kind: 'mail', key, payload: { key }, ...extra }));
const claim = (limit = 10): Promise<OutboxRow[]> => claimOutboxRows(pool, { limit, leaseMs: LEASE_MS });
const close = (row: OutboxRow): Promise<boolean> => transaction((tx) => closeOutboxRow(tx, row.id));
const keysOf = (rows: readonly OutboxRow[]): string[] => rows.map((row) => row.key);
const effects = async (): Promise<number> => Number((await pool.query('SELECT COUNT(*) AS n FROM effect'))[0][0]?.['n']);

t.test('a row lives as long as the decision it came from, and comes back whole', async (t) => {
  const refused = new Error('refused');
  await transaction(async (tx) => {
    await addOutboxRow(tx, { kind: 'mail', key: 'lost', payload: {} });
    throw refused;
  }).catch((error: unknown) => t.equal(error, refused));
  t.same(await claim(), [], 'rolled back with its transaction');
  await transaction((tx) => addOutboxRows(tx, [{ kind: 'finish', key: 'place:7', payload: { 이름: '콘서트', n: [1, 2], quote: '"\\' } }]));
  const [row] = await claim();
  t.match(row, { kind: 'finish', key: 'place:7', attempts: 1 });
  t.same(row?.payload, { 이름: '콘서트', n: [1, 2], quote: '"\\' });
  t.same(await claim(), [], 'leased');
  t.equal(await close(row as OutboxRow), true);
  t.equal(await close(row as OutboxRow), false, 'closed once');
  nowMs += LEASE_MS * 2;
  t.same(await claim(), []);
});

t.test('bounds', async (t) => {
  await t.rejects(add('x'.repeat(101)), /too long/);
  await t.rejects(transaction((tx) => addOutboxRow(tx, { kind: 'mail', key: 'k', payload: { text: 'x'.repeat(9_000) } })), /at most 8192/);
  t.throws(() => claimOutboxRows(pool, { limit: 201, leaseMs: 1 }), /limit/);
  for (let index = 0; index < 5; index += 1) await add(`b${index}`);
  t.equal((await claim(3)).length, 3);
  t.same(await claimOutboxRows(pool, { limit: 5, leaseMs: 1, kinds: ['finish'] }), [], 'kinds are told apart');
});

t.test('due times, pauses and gauges', async (t) => {
  await add('later', { delayMs: 5_000 });
  await add('now');
  t.same(keysOf(await claim()), ['now']);
  t.match(await readOutboxGauges(pool), { open: 2, due: 0, lagMs: 0 });
  nowMs += 5_400;
  t.match(await readOutboxGauges(pool), { open: 2, due: 1, lagMs: 400, oldestMs: 5_400, stuck: 0 });
  const [later] = await claim();
  t.equal(await retryOutboxRow(pool, later as OutboxRow, { error: 'provider-away', delayMs: 2_000 }), true);
  nowMs += 1_999;
  t.same(keysOf(await claim()), []);
  nowMs += 1;
  t.same((await claim()).map(({ key, attempts }) => [key, attempts]), [['later', 2]]);
  await pool.query("UPDATE outbox SET attempts = 10 WHERE ordering_key = 'later'");
  t.equal((await readOutboxGauges(pool)).stuck, 1);
});

t.test('pauses grow to five minutes and are spread', async (t) => {
  t.equal(outboxPauseMs(1, 0), 500);
  t.equal(outboxPauseMs(3, 0.5), 3_000);
  t.equal(outboxPauseMs(65_535, 1), 300_000);
});

t.test('rows of one key go one at a time, in order', async (t) => {
  for (const key of ['a', 'a', 'b', 'a']) await add(key);
  const first = await claim();
  t.same(keysOf(first), ['a', 'b']);
  await close(first[1] as OutboxRow);
  t.same(await claim(), [], 'the second a waits for the first');
  await retryOutboxRow(pool, first[0] as OutboxRow, { error: 'away', delayMs: 1_000 });
  t.same(await claim(), [], 'and while the first pauses');
  nowMs += 1_000;
  const again = await claim();
  t.equal(again[0]?.id, first[0]?.id);
  await close(again[0] as OutboxRow);
  t.same((await claim()).map((row) => row.id > (first[0] as OutboxRow).id), [true]);
});

t.test('a worker that died between claim and effect: the row comes back after its lease, and only the living one closes it', async (t) => {
  await add('order:1');
  const [dead] = await claim();
  nowMs += LEASE_MS - 1;
  t.same(await claim(), []);
  nowMs += 1;
  const [alive] = await claim();
  t.equal(alive?.id, dead?.id);
  t.equal(alive?.attempts, 2);
  t.equal(await retryOutboxRow(pool, dead as OutboxRow, { error: 'late' }), false, 'the first one, awake again, moves nothing');
  /** The effect and the end of its row, in one transaction; a second worker undoes itself. */
  const settle = (row: OutboxRow, worker: number): Promise<string> =>
    transaction(async (tx) => {
      await tx.query('INSERT INTO effect (outbox_id, worker) VALUES (?, ?)', [row.id, worker]);
      if (!(await closeOutboxRow(tx, row.id))) throw new Error('done by another');
      return 'done';
    }).catch((error: Error) => error.message);
  t.same((await Promise.all([settle(alive as OutboxRow, 1), settle(dead as OutboxRow, 2)])).sort(), ['done', 'done by another']);
  t.equal(await effects(), 1);
});

t.test('a crash between effect and close is no gap: both are one commit', async (t) => {
  await add('order:2');
  const [row] = await claim();
  const connection = await pool.acquire();
  await connection.begin();
  await connection.query('INSERT INTO effect (outbox_id, worker) VALUES (?, 1)', [(row as OutboxRow).id]);
  await closeOutboxRow(connection, (row as OutboxRow).id);
  connection.release();
  nowMs += LEASE_MS;
  t.equal(await effects(), 0);
  t.same(keysOf(await claim()), ['order:2']);
});

t.test('four relays at once: every row once, keys in order, nothing left', async (t) => {
  const KEYS = 20;
  const PER_KEY = 6;
  for (let n = 0; n < PER_KEY; n += 1) {
    await transaction((tx) => addOutboxRows(tx, Array.from({ length: KEYS }, (_, key) => ({ kind: 'mail', key: `key:${key}`, payload: { n } }))));
  }
  const underWay = new Set<string>();
  const order = new Map<string, number[]>();
  const relay = async (worker: number): Promise<void> => {
    for (let idle = 0; idle < 200; ) {
      const rows = await claim(7);
      idle = rows.length === 0 ? idle + 1 : 0;
      for (const row of rows) {
        if (underWay.has(row.key)) t.fail(`two rows of ${row.key} at once`);
        underWay.add(row.key);
      }
      for (const row of rows) {
        order.set(row.key, [...(order.get(row.key) ?? []), row.payload['n'] as number]);
        underWay.delete(row.key);
        await transaction(async (tx) => {
          await tx.query('INSERT INTO effect (outbox_id, worker) VALUES (?, ?)', [row.id, worker]);
          if (!(await closeOutboxRow(tx, row.id))) t.fail('closed twice');
        });
      }
      if ((await readOutboxGauges(pool)).open === 0) return;
    }
  };
  await Promise.all([relay(1), relay(2), relay(3), relay(4)]);
  t.equal(await effects(), KEYS * PER_KEY);
  for (const [key, seen] of order) t.same(seen, [0, 1, 2, 3, 4, 5], key);
});

t.test('a transaction that commits late is not lost; a cursor loses it (negative control)', async (t) => {
  const slow = await pool.acquire();
  await slow.begin();
  await addOutboxRow(slow, { kind: 'mail', key: 'slow', payload: {} });
  await add('fast');

  let cursor = 0;
  const byCursor = async (): Promise<string[]> => {
    const [rows] = await pool.query('SELECT id, ordering_key FROM outbox WHERE id > ? ORDER BY id', [cursor]);
    cursor = rows.reduce((highest, row) => Math.max(highest, row['id'] as number), cursor);
    return rows.map((row) => row['ordering_key'] as string);
  };
  const seenByCursor = await byCursor();
  const seen = keysOf(await claim());
  t.same(seen, ['fast'], 'nobody waits for the slow one');
  await slow.commit();
  slow.release();
  seenByCursor.push(...(await byCursor()));
  seen.push(...keysOf(await claim()));
  t.same(seen, ['fast', 'slow']);
  t.same(seenByCursor, ['fast'], 'the cursor has passed it for ever');
});

t.test('a stranger’s lock on a row delays only that row', async (t) => {
  for (const key of ['a', 'b', 'c']) await add(key);
  const stranger = await pool.acquire();
  await stranger.begin();
  await stranger.query("SELECT id FROM outbox WHERE ordering_key = 'b' FOR UPDATE");
  t.same(keysOf(await claim()), ['a', 'c']);
  await stranger.rollback();
  stranger.release();
  t.same(keysOf(await claim()), ['b']);
});

t.test('closed rows are pruned by age, and claims are found by index among many of them', async (t) => {
  await transaction((tx) => addOutboxRows(tx, Array.from({ length: 200 }, (_, index) => ({ kind: 'mail', key: `old:${index}`, payload: {} }))));
  for (let doubling = 0; doubling < 4; doubling += 1) {
    await pool.query<ResultSetHeader>(
      `INSERT INTO outbox (kind, ordering_key, payload, made_at, next_at)
       SELECT kind, CONCAT(ordering_key, '.', ?), payload, made_at, next_at FROM outbox`,
      [doubling],
    );
  }
  await pool.query('UPDATE outbox SET closed_at = NOW(3)');
  await add('new');
  await pool.query('ANALYZE TABLE outbox');
  const [plan] = await pool.query(
    `EXPLAIN FORMAT=TRADITIONAL SELECT id FROM outbox AS due WHERE closed_at IS NULL AND next_at <= NOW(3)
     AND NOT EXISTS (SELECT 1 FROM outbox AS older WHERE older.ordering_key = due.ordering_key AND older.closed_at IS NULL AND older.id < due.id)
     ORDER BY next_at LIMIT 10 FOR UPDATE SKIP LOCKED`,
  );
  t.same(plan.map((step) => [step['table'], step['key'], step['type']]), [['due', 'open_by_time', 'range'], ['older', 'open_by_key', 'ref']]);
  t.same(keysOf(await claim()), ['new']);
  nowMs += 60_000;
  t.equal(await pruneOutbox(pool, { keepMs: 60_001, limit: 5_000 }), 0);
  nowMs += 2;
  t.equal(await pruneOutbox(pool, { keepMs: 60_001, limit: 1_000 }), 1_000);
  t.equal(await pruneOutbox(pool, { keepMs: 60_001, limit: 5_000 }), 2_200);
  t.equal((await readOutboxGauges(pool)).open, 1);
});
