import { migrate, openPool } from '@onsale/database';
import { ownDatabase } from '@onsale/testing';
import t from 'tap';
import { fillTables } from '../suites/fill-tables.ts';
import { judgeStatements, readStatements, withoutTests, type Statement } from '../suites/judge-statements.ts';
import { shapeOf } from '../suites/statement-shape.mjs';

const statement = (sql: string): Statement => ({ sql, shape: shapeOf(sql) });
const MINE = statement(
  `SELECT id FROM hold WHERE show_id = 'demo' AND session = x'00112233445566778899aabbccddeeff' AND state IN ('live', 'confirming', 'settled')
   ORDER BY made_at DESC LIMIT 100`,
);

t.test('a statement is judged by how it finds its rows in tables of realistic size', async (t) => {
  const url = await ownDatabase(t);
  await migrate(url);
  const pool = openPool({ url, connections: 1, statementMs: 120_000 });
  t.teardown(() => pool.close());
  await fillTables(pool);
  const find = async (sql: string | Statement): Promise<string[]> =>
    (await judgeStatements(pool, [typeof sql === 'string' ? statement(sql) : sql], [])).findings.map(({ table, how }) => `${table}: ${how}`);

  t.same(await find(MINE), [], 'the holds of a session have an index');
  t.same(await find("SELECT doc FROM show_layout WHERE show_id = 'demo'"), [], 'a whole key of coarse columns finds one row');
  t.same(await find("UPDATE seat s SET state = 'free' WHERE s.show_id = 'demo' AND s.seat_no IN (1, 2)"), []);
  t.same(await find('SELECT id FROM audit_log ORDER BY id DESC LIMIT 50'), [], 'the first rows of an index, in its order');
  t.same(await find("SELECT h.id FROM hold AS h WHERE h.show_id = 'demo'"), ['hold: ref by show_id alone']);
  t.same(await find("SELECT id FROM hold WHERE person = x'00'"), ['hold: ALL']);
  t.same(await find("INSERT INTO seat_delta (show_id, version, changes, at) SELECT show_id, version, '', NOW(3) FROM show_clock WHERE show_id = 'demo'"), []);
  t.same(await find("SELECT d.n FROM (SELECT COUNT(*) AS n FROM order_line WHERE order_id = x'00' GROUP BY line) AS d"), [], 'a table that a subquery makes');
  t.match(await find("DELETE FROM hold WHERE state = 'live'"), [/hold: (?:range|ALL)/]);
  t.match(await find("SELECT s.seat_no FROM seat s JOIN hold h ON h.person = s.claim WHERE s.show_id = 'demo' AND s.seat_no = 1"), [/hold: ALL/]);

  const foreign = statement('INSERT INTO hold (id) SELECT id FROM made_by_a_test WHERE id = 1');
  t.same(
    await judgeStatements(pool, [foreign], []), { explained: 0, findings: [], unused: [], foreign: [foreign.shape] },
    'a statement that reads only tables that the schema does not have is told and not judged',
  );
  t.match(await find('INSERT INTO made_by_a_test (id) SELECT id FROM hold'), [/^hold: nobody knows what: .*made_by_a_test/], 'ours too');
  t.match(await find('SELECT no_such_column FROM hold LIMIT 1'), [/^hold: nobody knows what: .*no_such_column/], 'found, not thrown');
  t.match(await find('SELECT 1 FROM hold WHERE ('), [/^hold: nobody knows what: /]);
  t.same(await find("SELECT state FROM hold WHERE show_id = 'demo' AND id = x'00' FOR UPDATE"), []);

  await pool.query('ALTER TABLE hold DROP KEY by_session');
  t.match(await find(MINE), [/hold: .* alone/], 'negative control: without its index it reads every hold of the show');
  const allowed = [{ statement: /FROM hold WHERE show_id/, because: 'a test' }, { statement: /FROM show_layout/, because: 'a test' }];
  const layout = statement("SELECT doc FROM show_layout WHERE show_id = 'demo'");
  t.match(await judgeStatements(pool, [MINE, layout], allowed), { explained: 2, findings: [], unused: ['FROM show_layout'] });
});

t.test('statements are recorded once by their shape; those that only a test sends are left out', async (t) => {
  t.equal(shapeOf("SELECT a FROM b WHERE c IN (1, 2, 3) AND d = 'it''s' AND e = x'00ff'"), 'SELECT a FROM b WHERE c IN (?) AND d = ? AND e = ?');
  t.equal(shapeOf("SELECT a FROM b WHERE c IN ('end-x', 'x') AND d = X'0f'"), 'SELECT a FROM b WHERE c IN (?) AND d = ?', 'a text that ends in x is no hex');
  t.equal(shapeOf('INSERT INTO a VALUES (1, 2), (3, 4)'), shapeOf('INSERT INTO a VALUES (5, 6)'));
  const batch = (size: number): string =>
    `SELECT a FROM b WHERE c IN (${Array.from({ length: size }, (_, n) => `x'${'0'.repeat(20)}${n}'`).join()}) FOR UPDATE`;
  t.equal(shapeOf(batch(200)), shapeOf(batch(1_234)), 'batches of any length have one shape');
  const lines = ['SELECT x FROM product_table WHERE y = 1', 'SELECT x FROM test_table WHERE y = 1'].map((sql) => JSON.stringify(statement(sql)));
  const folder = t.testdir({ 'a.jsonl': `${lines.join('\n')}\n${lines[0]?.slice(0, 20)}`, 'b.jsonl': `${lines[0]}\n` });
  const read = readStatements(folder);
  t.equal(read.length, 2);
  const own = withoutTests(read, "'SELECT x FROM product_table WHERE y = ?'", "query('SELECT x FROM test_table\n WHERE y = 1')");
  t.same(own.map(({ sql }) => sql), ['SELECT x FROM product_table WHERE y = 1']);
  t.same(withoutTests([statement('/* test */ SELECT x FROM product_table')], "'SELECT x FROM product_table'", ''), []);
  const short = statement('SELECT 1 FROM product_table');
  t.same(withoutTests([short], "'SELECT 2 FROM product_table WHERE y = 1'", "query('SELECT 1 FROM product_table')"), [], 'it begins as one of ours');
  t.same(withoutTests([short], "'SELECT 2 FROM product_table'", "query('SELECT 1 FROM product_table')"), [short], 'it is one of ours too');
  t.same(withoutTests([statement("UPDATE a_table SET b = X'07' WHERE y = 1")], '', "query('UPDATE a_table SET b = ? WHERE y = 1', [bytes])"), []);
});
