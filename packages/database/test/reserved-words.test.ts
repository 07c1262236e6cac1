import { glob, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';

/**
 * Words that MySQL 8.4 or a later one reserves and MariaDB does not, or not all of them: as a name without quotes they are a syntax error
 * there and pass every test here. Source: `SELECT word FROM information_schema.keywords WHERE reserved = 1` of MySQL 9.7, and four that
 * the manual of 8.4 lists beside those.
 */
const RESERVED = new Set(`
  accessible add all alter analyze and as asc asensitive before between bigint binary blob both by call cascade case change char character check collate
  column condition constraint continue convert create cross cube cume_dist current_date current_time current_timestamp current_user cursor database
  databases day_hour day_microsecond day_minute day_second dec decimal declare default delayed delete dense_rank desc describe deterministic distinct
  distinctrow div double drop dual each else elseif empty enclosed escaped except exists exit explain external false fetch first_value float float4
  float8 for force foreign from fulltext function generated get grant group grouping groups having high_priority hour_microsecond hour_minute
  hour_second if ignore in index infile inner inout insensitive insert int int1 int2 int3 int4 int8 integer intersect interval into io_after_gtids
  io_before_gtids is iterate join json_table key keys kill lag last_value lateral lead leading leave left library like limit linear lines load localtime
  localtimestamp lock long longblob longtext loop low_priority match maxvalue mediumblob mediumint mediumtext middleint minute_microsecond minute_second
  mod modifies natural not no_write_to_binlog nth_value ntile null numeric of on optimize optimizer_costs option optionally or order out outer outfile
  over partition percent_rank precision primary procedure purge qualify range rank read reads read_write real recursive references regexp release rename
  repeat replace require resignal restrict return revoke right rlike row rows row_number schema schemas second_microsecond select sensitive separator
  set show signal smallint spatial specific sql sqlexception sqlstate sqlwarning sql_big_result sql_calc_found_rows sql_small_result ssl starting stored
  straight_join system table tablesample terminated then tinyblob tinyint tinytext to trailing trigger true undo union unique unlock unsigned update
  usage use using utc_date utc_time utc_timestamp values varbinary varchar varcharacter varying virtual when where while window with write xor
  year_month zerofill
  manual parallel qualify tablesample
`.split(/\s+/).filter((word) => word !== ''));

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** A type after CAST(… AS is no name. */
const isCast = (text: string, at: number): boolean => /CAST\([^()]*(\([^()]*\)[^()]*)*$/i.test(text.slice(Math.max(0, at - 200), at));

/** Aliases of a source's statements: what follows an upper-case AS. */
const aliasesOf = (text: string): string[] =>
  [...text.matchAll(/\bAS ([a-z_]\w*)/g)].filter(({ index }) => !isCast(text, index)).map(([, name]) => name as string);
/** Names of tables, columns, keys and constraints of a migration. */
const namesOf = (text: string): string[] =>
  [...text.matchAll(/^\s+([a-z_]\w*)\s|(?:TABLE|KEY|INDEX|CONSTRAINT|COLUMN)\s+([a-z_]\w*)/gm)].map(([, one, other]) => (one ?? other) as string);

async function reservedIn(pattern: string, read: (text: string) => string[]): Promise<{ readonly files: number; readonly found: string[] }> {
  const found: string[] = [];
  let files = 0;
  for await (const file of glob(pattern, { cwd: root, exclude: (name) => name === 'node_modules' })) {
    files += 1;
    for (const name of read(await readFile(`${root}${file}`, 'utf8'))) if (RESERVED.has(name)) found.push(`${file}: ${name}`);
  }
  return { files, found };
}

t.test('no statement and no migration uses a word that MySQL reserves as a name', async (t) => {
  for (const [pattern, read] of [['{packages,apps}/*/src/**/*.ts', aliasesOf], ['packages/database/migrations/*.sql', namesOf]] as const) {
    const { files, found } = await reservedIn(pattern, read);
    t.ok(files > 20, `${files} files`);
    t.same(found, []);
  }
});

t.test('negative control: such a word is seen, the type of a cast is not one', (t) => {
  t.same(aliasesOf('SELECT CAST(COALESCE(1, 2) AS unsigned) AS lag, 1 AS due').filter((name) => RESERVED.has(name)), ['lag']);
  t.same(namesOf('CREATE TABLE rank (\n  id INT,\n  system INT,\n  KEY groups (id)\n)').filter((name) => RESERVED.has(name)), ['rank', 'system', 'groups']);
  t.end();
});
