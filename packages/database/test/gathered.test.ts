import t from 'tap';
import { setTimeout as sleep } from 'node:timers/promises';
import { alikeOf, gathered, GATHERED_MAX, inTransaction, isDuplicate, openPool, SqlFailure, type Queryable, type ResultSetHeader } from '../src/index.ts';
import { ownDatabase } from '@onsale/testing';

const url = await ownDatabase(t);
const said: string[] = [];
const pool = openPool({ url, connections: 3, queueMax: 1_000, onQuery: (sql) => said.push(sql) });
t.teardown(() => pool.close());
await pool.query('CREATE TABLE note (id INT NOT NULL PRIMARY KEY, word VARCHAR(20) NOT NULL)');
t.beforeEach(async () => {
  await pool.query('TRUNCATE TABLE note');
  said.length = 0;
});

const READ_COMMITTED = { isolation: 'read committed' } as const;
type Note = readonly [id: number, word: string];
const write = gathered<Queryable, Note, number>(async (session, notes) => {
  await session.query('INSERT INTO note VALUES ?', [notes]);
  return notes.map(([id]) => id);
});
const read = gathered<Queryable, number, string | undefined>(async (session, ids) => {
  const [rows] = await session.query('SELECT id, word FROM note WHERE id IN (?)', [ids]);
  const words = new Map(rows.map((row) => [row['id'] as number, row['word'] as string]));
  return ids.map((id) => words.get(id));
});
const count = async (): Promise<number> => Number((await pool.query('SELECT COUNT(*) AS n FROM note'))[0][0]?.['n']);
const failureOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'was not refused', (error: unknown) => error);
const statements = (start: string): number => said.filter((sql) => sql.startsWith(start)).length;

t.test('in a transaction, those who go on together share each statement; each gets its own answer', async (t) => {
  const answers = await inTransaction(pool, READ_COMMITTED, (tx) => Promise.all(Array.from({ length: 40 }, async (_, n) => {
    const id = await write(tx, [n, `word ${n}`]);
    return read(tx, id);
  })));
  t.same(answers, Array.from({ length: 40 }, (_, n) => `word ${n}`));
  t.equal(statements('INSERT'), 1);
  t.equal(statements('SELECT id'), 1);
});

t.test('on a pool, those of one turn share a statement; later ones ask anew, and sessions never mix', async (t) => {
  await pool.query('INSERT INTO note VALUES (1, ?), (2, ?)', ['one', 'two']);
  t.same(await Promise.all([read(pool, 1), read(pool, 2), read(pool, 3), read(pool, 1)]), ['one', 'two', undefined, 'one']);
  t.equal(statements('SELECT id'), 1);
  await pool.query('UPDATE note SET word = ? WHERE id = 1', ['uno']);
  t.equal(await read(pool, 1), 'uno', 'nothing is remembered');
  await inTransaction(pool, READ_COMMITTED, async (tx) => {
    await write(tx, [9, 'unseen']);
    t.same(await Promise.all([read(tx, 9), read(pool, 9)]), ['unseen', undefined], 'what is not committed is seen by its own transaction only');
  });
  said.length = 0;
  await Promise.all(Array.from({ length: GATHERED_MAX + 1 }, (_, n) => read(pool, n)));
  t.equal(statements('SELECT id'), 2, 'a statement has a bound');
});

t.test('a statement that fails, fails for all who shared it', async (t) => {
  const refused = await inTransaction(pool, READ_COMMITTED, async (tx) => {
    const failures = await Promise.all([failureOf(write(tx, [1, 'a'])), failureOf(write(tx, [1, 'b']))]);
    await tx.query('ROLLBACK');
    return failures;
  });
  t.ok(refused.every((error) => isDuplicate(error)), 'one statement, one failure');
  t.equal(statements('INSERT'), 1);
  t.equal(await count(), 0);
  const short = gathered<Queryable, number, number>(() => Promise.resolve([1]));
  t.match(await failureOf(Promise.all([short(pool, 1), short(pool, 2)])), { message: /1 answers for 2/ });
});

t.test('once a statement of a transaction has failed, nothing more of it is sent, and it cannot be committed', async (t) => {
  await pool.query('INSERT INTO note VALUES (1, ?)', ['there']);
  const connection = await pool.acquire();
  await connection.begin();
  const [failed, meanwhile] = await Promise.all([1, 2].map((id) => failureOf(connection.query('INSERT INTO note VALUES (?, ?)', [id, 'more']))));
  t.ok(isDuplicate(failed));
  t.equal(meanwhile, failed, 'asked before the failure was known');
  t.equal(await failureOf(connection.query('INSERT INTO note VALUES (3, ?)', ['on'])), failed);
  t.equal(await failureOf(connection.commit()), failed);
  await connection.rollback();
  await connection.begin();
  t.match(await connection.query<ResultSetHeader>('INSERT INTO note VALUES (4, ?)', ['fresh']), [{ affectedRows: 1 }], 'after ROLLBACK it serves the next');
  await connection.commit();
  connection.release();
  t.equal(await count(), 2);
});

t.test('what comes after the end of its transaction is refused: it would commit by itself', async (t) => {
  let straggler: Promise<unknown> | undefined;
  const stop = new Error('the caller thinks better of it');
  const work = inTransaction(pool, READ_COMMITTED, async (tx) => {
    straggler = failureOf(sleep(1).then(() => tx.query('SELECT 1')).then(() => tx.query('INSERT INTO note VALUES (1, ?)', ['late'])));
    await tx.query('SELECT SLEEP(0.02)');
    throw stop;
  });
  t.equal(await failureOf(work), stop);
  t.match(await straggler, { message: /after the end|given back/ });
  const connection = await pool.acquire();
  await connection.begin();
  const ends = connection.commit();
  t.match(await failureOf(connection.query('INSERT INTO note VALUES (2, ?)', ['late'])), { message: /after the end/ });
  await ends;
  connection.release();
  t.equal(await count(), 0);
});

t.test('a deadlock’s victim writes nothing, however many statements its callers still had under way', async (t) => {
  await pool.query('INSERT INTO note VALUES (1, ?), (2, ?)', ['x', 'y']);
  let runs = 0;
  let arrived = 0;
  const both = async (): Promise<void> => {
    arrived += 1;
    for (let wait = 0; arrived < 2 && wait < 200; wait += 1) await sleep(5);
  };
  const cross = (first: number, second: number): Promise<void> => inTransaction(pool, READ_COMMITTED, async (tx) => {
    const run = (runs += 1);
    await tx.query('UPDATE note SET word = ? WHERE id = ?', [`run ${run}`, first]);
    await both();
    const update = tx.query('UPDATE note SET word = ? WHERE id = ?', [`run ${run}`, second]);
    const trail = [10, 20, 30].map((id) => tx.query('INSERT INTO note VALUES (?, ?)', [run * 100 + id, 'trail']));
    const settled = await Promise.allSettled([update, ...trail]);
    for (const { reason } of settled.filter((one) => one.status === 'rejected')) throw reason;
  });
  await Promise.all([cross(1, 2), cross(2, 1)]);
  t.equal(runs, 3, 'one of the two was the victim and ran again');
  t.equal(await count(), 2 + 2 * 3, 'of the victim’s first run there is no trace');
});

t.test('alike items share a part, and no part has one id twice', (t) => {
  const partsOf = (...texts: string[]): number[][] => {
    const items = texts.map((text, at) => ({ word: text[0] as string, id: text[1] as string, at }));
    return alikeOf(items, ({ word }) => word, ({ id }) => id).map((part) => part.map(({ at }) => at));
  };
  t.same(partsOf('a1', 'b1', 'a2', 'a1', 'b1', 'a1'), [[0, 2], [1], [3], [4], [5]]);
  t.same(partsOf('b2', 'a1', 'b1', 'a3'), [[0], [1, 3], [2]], 'what came before about the same id goes before');
  t.same(alikeOf([], String, String), []);
  t.end();
});

t.test('a failure carries no values', async (t) => {
  await pool.query('INSERT INTO note VALUES (1, ?)', ['secret']);
  const failure = await failureOf(write(pool, [1, 'secret word']));
  t.ok(failure instanceof SqlFailure && !/secret/.test(failure.message + String(failure.stack)));
});
