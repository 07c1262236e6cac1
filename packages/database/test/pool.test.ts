import { MessageChannel } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DatabaseAway, DatabaseBusy, SqlFailure, inTransaction, isCheckViolation, isDuplicate, isUnavailable, openDatabase, openPool, type Pool, type PoolConfig,
  type ResultSetHeader,
} from '../src/index.ts';
import { createSlots } from '../src/slots.ts';
import { duplicateKeyIn, sessionFaults, SQL_MODE } from '../src/dialect.ts';
import { drizzleOn, eq, int, mysqlTable, varchar } from '../src/drizzle.ts';
import { ownDatabase } from '@onsale/testing';

const url = await ownDatabase(t);
const poolOf = (test: Pick<Test, 'teardown'>, config: Partial<PoolConfig> = {}): Pool => {
  const pool = openPool({ url, connections: 2, ...config });
  test.teardown(() => pool.close());
  return pool;
};
/** The error a promise is rejected with; a promise that is kept fails the test. */
const refusalOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => new Error('was not refused'), (error: unknown) => error);
const READ_COMMITTED = { isolation: 'read committed' } as const;

const main = poolOf(t, { connections: 4 });
await main.query(`CREATE TABLE ledger (
  id INT NOT NULL PRIMARY KEY, owner VARCHAR(20) NOT NULL, amount INT NOT NULL, UNIQUE KEY one_owner (owner), CHECK (amount >= 0)
)`);
await main.query("INSERT INTO ledger VALUES (1, 'ann', 10), (2, 'ben', 20), (3, 'cho', 30)");

t.test('every connection has the session that the stores rely on', async (t) => {
  const pool = poolOf(t);
  const held = await Promise.all([pool.acquire(), pool.acquire()]);
  for (const connection of held) {
    const [rows] = await connection.query('SELECT @@sql_mode AS mode, @@time_zone AS zone, @@innodb_lock_wait_timeout AS lock_wait, @@autocommit AS auto');
    t.same(new Set(String(rows[0]?.['mode']).split(',')), new Set(SQL_MODE.split(',')));
    t.match(rows[0], { zone: '+00:00', lock_wait: 2, auto: 1 });
    const [isolation] = await connection.query("SHOW VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')");
    for (const row of isolation) t.equal(row['Value'], 'READ-COMMITTED');
    connection.release();
  }
  t.type(await refusalOf(pool.query('SELECT 1; SELECT 2')), SqlFailure, 'one statement at a time');
  t.type(await refusalOf(pool.query("LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE ledger")), Error, 'no file of this machine is sent');
  const [[time]] = await pool.query("SELECT CAST('2026-01-02 03:04:05.678' AS DATETIME(3)) AS at, 9007199254740993 AS big");
  t.equal((time?.['at'] as Date).toISOString(), '2026-01-02T03:04:05.678Z', 'times are UTC');
  t.equal(time?.['big'], '9007199254740993', 'numbers past 2^53 keep their digits');
});

t.test('a session that is not as set is named (negative control of the read-back)', async (t) => {
  const sound = new Map([
    ['transaction_isolation', 'READ-COMMITTED'], ['sql_mode', SQL_MODE], ['time_zone', '+00:00'],
    ['innodb_lock_wait_timeout', '2'], ['lock_wait_timeout', '5'], ['autocommit', 'ON'], ['character_set_connection', 'utf8mb4'],
    ['wait_timeout', '15'], ['net_read_timeout', '15'], ['net_write_timeout', '15'], ['idle_transaction_timeout', '15'],
  ]);
  t.same(sessionFaults(sound, 10_000), []);
  for (const name of sound.keys()) t.not(sessionFaults(new Map([...sound, [name, 'else']]), 10_000).length, 0, `${name} changed is a fault`);
  t.same(sessionFaults(new Map([...sound, ['transaction_isolation', 'REPEATABLE-READ']]), 10_000), ['isolation REPEATABLE-READ']);
  t.same(sessionFaults(sound, 60_000), ['wait_timeout 15', 'idle_transaction_timeout 15'], 'a pool of long statements may be silent for as long');
});

t.test('past its bounds a pool refuses at once', async (t) => {
  const pool = poolOf(t, { connections: 1, queueMax: 2, waitMs: 60_000, role: 'hot' });
  const held = await pool.acquire();
  const first = pool.query('SELECT 1 AS n');
  const second = pool.query('SELECT 2 AS n');
  t.same(pool.gauges(), { lent: 1, waiting: 2, connections: 1, statements: 0, refused: 0 });
  const refusal = await refusalOf(pool.query('SELECT 3 AS n'));
  t.ok(refusal instanceof DatabaseBusy && isUnavailable(refusal));
  t.match(refusal, { reason: 'queue-full', code: 'database-busy', retryAfterMs: 1_000 });
  held.release();
  held.release();
  t.equal((await first)[0][0]?.['n'], 1, 'those in the queue are served, in order');
  t.equal((await second)[0][0]?.['n'], 2);
  t.match(pool.gauges(), { lent: 0, waiting: 0, refused: 1 }, 'giving back twice frees one slot');
});

t.test('nobody waits for a connection past the deadline', async (t) => {
  const pool = poolOf(t, { connections: 1, queueMax: 5, waitMs: 30 });
  const held = await pool.acquire();
  t.match(await refusalOf(pool.query('SELECT 1')), { reason: 'waited-too-long' });
  t.equal(pool.gauges().waiting, 0);
  held.release();
  await pool.query('SELECT 1');
});

t.test('after a long turn of the event loop a caller gets the slot that was given back in it, although its time is over', async (t) => {
  const slots = createSlots({ pool: 'test', count: 1, queueMax: 5, waitMs: 20 });
  await slots.take();
  const { port1, port2 } = new MessageChannel();
  port1.on('message', () => { slots.give(); port1.close(); });
  const waiting = slots.take();
  port2.postMessage('answered');
  const blockedUntil = performance.now() + 60;
  while (performance.now() < blockedUntil);
  await waiting;
  t.match(slots.gauges(), { lent: 1, waiting: 0, refused: 0 });
});

t.test('a closed pool and an absent server are DatabaseAway, and lose no slot', async (t) => {
  const pool = openPool({ url, connections: 1, queueMax: 1 });
  const held = await pool.acquire();
  const waiting = refusalOf(pool.query('SELECT 1'));
  const closed = pool.close();
  t.type(await waiting, DatabaseAway);
  held.release();
  await closed;
  t.type(await refusalOf(pool.query('SELECT 1')), DatabaseAway);
  const nowhere = new URL(url);
  nowhere.port = '1';
  const absent = poolOf(t, { url: nowhere.href, connections: 1, queueMax: 0 });
  for (let round = 0; round < 3; round += 1) t.type(await refusalOf(absent.query('SELECT 1')), DatabaseAway);
  t.equal(absent.gauges().lent, 0);
});

t.test('a connection that dies is replaced', async (t) => {
  const pool = poolOf(t, { connections: 1 });
  const held = await pool.acquire();
  const [[me]] = await held.query('SELECT CONNECTION_ID() AS id');
  await main.query(`KILL ${me?.['id']}`);
  t.type(await refusalOf(held.query('SELECT 1')), DatabaseAway);
  held.release();
  const [[next]] = await pool.query('SELECT CONNECTION_ID() AS id');
  t.not(next?.['id'], me?.['id']);
});

t.test('the server ends a statement that takes too long, and the connection lives on', async (t) => {
  const pool = poolOf(t, { connections: 1, statementMs: 100 });
  const held = await pool.acquire();
  const refusal = await refusalOf(held.query('SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c'));
  t.ok(refusal instanceof DatabaseBusy && isUnavailable(refusal));
  t.match(refusal, { reason: 'statement-ended' });
  t.equal((await held.query('SELECT 7 AS n'))[0][0]?.['n'], 7);
  held.release();
});

t.test('an answer that does not come ends its connection, not the pool', async (t) => {
  const pool = poolOf(t, { connections: 1, statementMs: 100 });
  const held = await pool.acquire();
  await held.query('SET SESSION autocommit = 1 /*M! , SESSION max_statement_time = 0 */ /*!80000 , SESSION max_execution_time = 0 */');
  await held.begin();
  t.type(await refusalOf(held.query('SELECT SLEEP(3)')), DatabaseAway);
  t.type(await refusalOf(held.rollback()), DatabaseAway, 'ROLLBACK does not wait behind the answer that does not come');
  held.release();
  t.equal((await pool.query('SELECT 7 AS n'))[0][0]?.['n'], 7);
});

t.test('a connection keeps what a caller changed in its session, so nobody may (a fact of pools, shown)', async (t) => {
  const pool = poolOf(t, { connections: 1 });
  await pool.query('SET SESSION innodb_lock_wait_timeout = 9');
  t.equal((await pool.query('SELECT @@innodb_lock_wait_timeout AS s'))[0][0]?.['s'], 9);
});

t.test('errors and hooks carry no values', async (t) => {
  const seen: string[] = [];
  const pool = poolOf(t, { onQuery: (sql) => seen.push(sql) });
  const failure = await refusalOf(pool.query('INSERT INTO ledger VALUES (?, ?, ?)', [9, 'ann', 5]));
  t.ok(isDuplicate(failure) && isDuplicate(failure, 'one_owner') && !isDuplicate(failure, 'PRIMARY'));
  const shown = `${(failure as Error).stack} ${JSON.stringify(failure)}`;
  t.notMatch(shown, /ann|"sql"/);
  t.ok(isCheckViolation(await refusalOf(pool.query('INSERT INTO ledger VALUES (8, ?, -1)', ['dan']))));
  t.same(seen, ['INSERT INTO ledger VALUES (?, ?, ?)', 'INSERT INTO ledger VALUES (8, ?, -1)']);
  t.equal(duplicateKeyIn("Duplicate entry 'x' for key 'ledger.one_owner'"), 'one_owner', "MySQL's text names the table too");

  const ledger = mysqlTable('ledger', { id: int().primaryKey(), owner: varchar({ length: 20 }).notNull(), amount: int().notNull() });
  const orm = drizzleOn(pool);
  t.same(await orm.select().from(ledger).where(eq(ledger.id, 2)), [{ id: 2, owner: 'ben', amount: 20 }]);
  const wrapped = await refusalOf(orm.insert(ledger).values({ id: 9, owner: 'ann', amount: 5 }).execute());
  t.ok(isDuplicate(wrapped, 'one_owner'), "drizzle's own error, whose text holds the values, is not let out");
  t.notMatch(`${(wrapped as Error).stack}`, /params|ann/);
});

t.test('the clock of a test pool moves with nowMs', async (t) => {
  let nowMs = Date.UTC(2026, 0, 1);
  const pool = poolOf(t, { nowMs: () => nowMs, connections: 1 });
  const read = async (): Promise<string> => ((await pool.query('SELECT NOW(3) AS at'))[0][0]?.['at'] as Date).toISOString();
  t.equal(await read(), '2026-01-01T00:00:00.000Z');
  nowMs += 61_234;
  t.equal(await read(), '2026-01-01T00:01:01.234Z');
  await inTransaction(pool, READ_COMMITTED, async (tx) => {
    nowMs += 1_000;
    t.equal(((await tx.execute('SELECT NOW(3) AS at'))[0][0]?.['at'] as Date).toISOString(), '2026-01-01T00:01:02.234Z');
  });
});

t.test('pools of one process are apart', async (t) => {
  const database = openDatabase({ url, reads: 1, hot: 1, money: 1, waitMs: 50 });
  t.teardown(() => database.close());
  const held = await database.reads.acquire();
  await Promise.all([database.hot.query('SELECT 1'), database.money.query('SELECT 1')]);
  t.match(await refusalOf(database.reads.query('SELECT 1')), { reason: 'waited-too-long' });
  held.release();
  const small = openDatabase({ url, reads: 1 });
  t.equal(small.money, small.reads);
  await small.close();
});

t.test('a transaction commits once, rolls back on any error, and always gives its connection back', async (t) => {
  const pool = poolOf(t, { connections: 1, queueMax: 0 });
  const add = async (id: number, amount: number): Promise<void> =>
    inTransaction(pool, READ_COMMITTED, async (tx) => {
      await tx.query('UPDATE ledger SET amount = amount + ? WHERE id = ?', [amount, id]);
      if (amount > 100) throw new Error('too much');
    });
  await add(1, 5);
  t.match(await refusalOf(add(1, 500)), { message: 'too much' });
  t.equal((await pool.query('SELECT amount FROM ledger WHERE id = 1'))[0][0]?.['amount'], 15);
  t.match(await refusalOf(inTransaction(pool, READ_COMMITTED, (tx) => tx.query('SELECT * FROM nowhere'))), { errno: 1146 });
  t.equal(pool.gauges().lent, 0);
  const levels: string[] = [];
  const watched = poolOf(t, { onQuery: (sql) => levels.push(sql) });
  await inTransaction(watched, { isolation: 'serializable' }, (tx) => tx.query('SELECT 1'));
  t.same(levels, ['SET TRANSACTION ISOLATION LEVEL SERIALIZABLE', 'START TRANSACTION', 'SELECT 1', 'COMMIT']);
});

t.test('a connection given back inside a transaction is closed, so nobody inherits its locks', async (t) => {
  const pool = poolOf(t, { connections: 1 });
  const careless = await pool.acquire();
  await careless.query('START TRANSACTION');
  await careless.query('UPDATE ledger SET amount = 0 WHERE id = 3');
  careless.release();
  t.match(await refusalOf(careless.query('SELECT 1')), { message: /given back/ });
  const [written] = await pool.query<ResultSetHeader>('UPDATE ledger SET amount = amount + 1 WHERE id = 3 AND amount = 30');
  t.equal(written.affectedRows, 1, 'its work was rolled back and its lock is gone');
});

t.test('deadlocks are run again; a stranger’s lock delays only its own rows', async (t) => {
  await main.query('UPDATE ledger SET amount = 100');
  const pool = poolOf(t, { connections: 2 });
  let runs = 0;
  const move = (from: number, to: number, ready: () => Promise<void>): Promise<void> =>
    inTransaction(pool, READ_COMMITTED, async (tx) => {
      runs += 1;
      await tx.query('UPDATE ledger SET amount = amount - 1 WHERE id = ?', [from]);
      await ready();
      await tx.query('UPDATE ledger SET amount = amount + 1 WHERE id = ?', [to]);
    });
  let arrived = 0;
  const bothHold = async (): Promise<void> => {
    arrived += 1;
    for (let wait = 0; arrived < 2 && wait < 200; wait += 1) await sleep(5);
  };
  await Promise.all([move(1, 2, bothHold), move(2, 1, bothHold)]);
  t.equal(runs, 3, 'one of the two was the victim and ran again');
  const [amounts] = await main.query('SELECT amount FROM ledger ORDER BY id');
  t.same(amounts.map((row) => row['amount']), [100, 100, 100]);

  const stranger = await main.acquire();
  await stranger.begin();
  await stranger.query('SELECT * FROM ledger WHERE id = 1 FOR UPDATE');
  await inTransaction(pool, READ_COMMITTED, (tx) => tx.query('UPDATE ledger SET amount = 7 WHERE id = 2'));
  const blocked = await refusalOf(inTransaction(pool, { ...READ_COMMITTED, attemptsMax: 1 }, (tx) => tx.query('UPDATE ledger SET amount = 7 WHERE id = 1')));
  t.match(blocked, { errno: 1205 }, 'the wait for the locked row ends by itself');
  const free = await pool.query<ResultSetHeader>('UPDATE ledger SET amount = 8 WHERE id = 3');
  t.equal(free[0].affectedRows, 1);
  await stranger.rollback();
  stranger.release();
});

t.test('an unanswered COMMIT is run again only for work that can be repeated', async (t) => {
  const pool = poolOf(t, { connections: 1 });
  await main.query('CREATE TABLE made (id INT NOT NULL PRIMARY KEY)');
  /** Kills its own connection in the first run, just before COMMIT: the client cannot tell on which side of the commit it died. */
  const insertOnce = async (repeatable: boolean, id: number): Promise<number> => {
    let runs = 0;
    await inTransaction(pool, { ...READ_COMMITTED, repeatable }, async (tx) => {
      runs += 1;
      await tx.query('INSERT IGNORE INTO made VALUES (?)', [id]);
      const [[me]] = await tx.query('SELECT CONNECTION_ID() AS id');
      if (runs === 1) await main.query(`KILL ${me?.['id']}`);
    });
    return runs;
  };
  t.match(await refusalOf(insertOnce(false, 1)), { code: 'commit-unknown' });
  t.equal(await insertOnce(true, 2), 2);
  t.same((await main.query('SELECT id FROM made'))[0].map((row) => row['id']), [2]);
});
