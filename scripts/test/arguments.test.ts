import t from 'tap';
import { readArguments } from '../suites/arguments.ts';

t.test('the database is named beside files and options, in any order', async (t) => {
  t.same(readArguments([]), { database: 'mariadb', rest: [] });
  t.same(readArguments(['a.test.ts', '--database', 'mysql', '--bail']), { database: 'mysql', rest: ['a.test.ts', '--bail'] });
  t.same(readArguments(['--database=mariadb', 'b']), { database: 'mariadb', rest: ['b'] });
  t.throws(() => readArguments(['--database', 'oracle']), /mysql or mariadb/);
  t.throws(() => readArguments(['--database']), /mysql or mariadb/);
});
