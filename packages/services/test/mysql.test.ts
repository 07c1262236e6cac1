import { existsSync, readFileSync } from 'node:fs';
import { createConnection } from 'mysql2/promise';
import t from 'tap';
import { findMysql, startMysql, testEngine } from '../src/index.ts';

const missing = ((): string | false => {
  if (testEngine() !== 'mysql') return 'only with --database mysql';
  findMysql();
  return false;
})();

t.test('mysql keeps committed rows over kill -9 and a new start on its folder; nobody signs in without a password', { skip: missing }, async (t) => {
  const dir = t.testdir();
  const mysql = await startMysql({ dir });
  t.teardown(() => mysql.stop());
  const write = await createConnection(mysql.url);
  write.on('error', () => undefined);
  t.match((await write.query('SELECT VERSION() AS version, @@transaction_isolation AS isolation, @@time_zone AS zone'))[0], [
    { version: /^(8\.[4-9]|9\.|[1-9]\d)/, isolation: 'READ-COMMITTED', zone: '+00:00' },
  ]);
  await t.rejects(write.query('CREATE DATABASE other'), /denied/, 'rights within its schema only');
  await write.query('CREATE TABLE kept (id INT PRIMARY KEY)');
  await write.query('INSERT INTO kept VALUES (1)');
  await mysql.kill();
  write.destroy();
  await mysql.restart();
  const read = await createConnection(mysql.url);
  t.match((await read.query('SELECT COUNT(*) AS n FROM kept'))[0], [{ n: 1 }]);
  await read.end();
  for (const user of ['root', '']) await t.rejects(createConnection({ host: '127.0.0.1', port: mysql.port, user }), `"${user}" without a password`);
  const shown = readFileSync(`/proc/${mysql.pid}/cmdline`, 'utf8');
  t.notOk(shown.includes(mysql.password) || shown.includes(mysql.rootPassword), 'no password in the list of processes');
  t.notOk(existsSync(`${dir}/init.sql`), 'the statements with passwords do not stay');
});
