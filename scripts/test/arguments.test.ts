import t from 'tap';
import { readArguments } from '../suites/arguments.ts';

t.test('the database is named beside files and options, in any order', async (t) => {
  t.same(readArguments([]), { database: 'mariadb', statements: false, rest: [] });
  t.same(readArguments(['a.test.ts', '--database', 'mysql', '--bail']), { database: 'mysql', statements: false, rest: ['a.test.ts', '--bail'] });
  t.same(readArguments(['--database=mariadb', '--statements', 'b']), { database: 'mariadb', statements: true, rest: ['b'] });
  t.throws(() => readArguments(['--database', 'oracle']), /mysql or mariadb/);
  t.throws(() => readArguments(['--database']), /mysql or mariadb/);
});
