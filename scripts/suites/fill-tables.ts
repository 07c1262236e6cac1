import type { Pool, RowDataPacket } from '@onsale/database';

/**
 * Fills every table to a realistic size with rows that look like those of a sale: a few shows and rooms with thousands of rows each, ids that
 * differ, old times, states that are nearly all final. On a table of ten rows every plan is good, so a plan is only worth something here.
 */
export const FILL_ROWS = 12_000;
/** Tables that hold one row for a room, a show, an operator or a key. */
const FEW_ROWS = 1_000;
/** Values of `show_id` and the like; a row of thousands has each. */
const SCOPES = 4;
export const FILL_SCOPE = 'fill-1';
export const SCOPE_COLUMNS = ['show_id', 'room', 'event_id', 'scope_id'];

type Column = {
  readonly name: string;
  readonly type: string;
  /** With the words of an enum. */
  readonly full: string;
  readonly chars: number;
  readonly nullable: boolean;
  /** Its place in the primary key, from 1. */
  readonly inKey: number;
};

/** Where a CHECK or a meaning ties columns together; `n` is the row's number. */
const OWN: Readonly<Record<string, string>> = {
  'seat.state': "IF(n MOD 3 = 0, 'sold', 'free')",
  'seat.claim': 'IF(n MOD 3 = 0, LEFT(UNHEX(SHA2(n, 256)), 16), NULL)',
  'order_line.face': '1000',
  'order_line.fee': '0',
  'order_line.coupon': '0',
  'order_line.points': '0',
  'order_line.paid': '1000',
  'order_line.refunded': '0',
  'payment.refunded': '0',
  'room.version': '1',
  'room.epoch': '1',
  'outbox.closed_at': 'IF(n MOD 100 = 0, NULL, NOW(3) - INTERVAL n SECOND)',
  'payment_attempt.next_look_at': 'IF(n MOD 100 = 0, NOW(3), NULL)',
  'hold.session': 'LEFT(UNHEX(SHA2(n DIV 3, 256)), 16)',
  'ticket_order.session': 'LEFT(UNHEX(SHA2(n DIV 2, 256)), 16)',
};

export async function fillTables(pool: Pool): Promise<void> {
  await pool.query('CREATE TABLE fill_number (n INT UNSIGNED NOT NULL PRIMARY KEY)');
  const digits = `(${Array.from({ length: 10 }, (_, d) => `SELECT ${d} AS d`).join(' UNION ALL ')})`;
  await pool.query(
    `INSERT INTO fill_number SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 1
     FROM ${digits} a, ${digits} b, ${digits} c, ${digits} e, ${digits} f WHERE a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d < ${FILL_ROWS}`,
  );
  for (const [table, columns] of await tablesOf(pool)) {
    const key = columns.filter(({ inKey }) => inKey > 0);
    const rows = key.length === 1 && key.every(({ type }) => type === 'varchar') ? FEW_ROWS : FILL_ROWS;
    const values = columns.map((column) => OWN[`${table}.${column.name}`] ?? valueFor(column, key.length === 1));
    const names = columns.map(({ name }) => `\`${name}\``).join(', ');
    await pool.query(`INSERT INTO \`${table}\` (${names}) SELECT ${values.join(', ')} FROM fill_number WHERE n <= ${rows}`);
    await pool.query(`ANALYZE TABLE \`${table}\``);
  }
}

async function tablesOf(pool: Pool): Promise<Map<string, Column[]>> {
  const [rows] = await pool.query<RowDataPacket[]>(
    `SELECT c.table_name AS t, c.column_name AS name, c.data_type AS type, c.column_type AS full_type, COALESCE(c.character_maximum_length, 0) AS chars,
       c.is_nullable = 'YES' AS nullable, COALESCE(s.seq_in_index, 0) AS in_key
     FROM information_schema.columns c LEFT JOIN information_schema.statistics s ON s.table_schema = c.table_schema AND s.table_name = c.table_name
       AND s.column_name = c.column_name AND s.index_name = 'PRIMARY'
     WHERE c.table_schema = DATABASE() AND c.table_name NOT IN ('fill_number', 'schema_migration') ORDER BY c.table_name, c.ordinal_position`,
  );
  const columns = rows.map((row): [string, Column] => [
    String(row['t']),
    {
      name: String(row['name']), type: String(row['type']).toLowerCase(), full: String(row['full_type']), chars: Number(row['chars']),
      nullable: Number(row['nullable']) === 1, inKey: Number(row['in_key']),
    },
  ]);
  return new Map(Map.groupBy(columns, ([table]) => table).entries().map(([table, of]) => [table, of.map(([, column]) => column)]));
}

function valueFor({ name, type, full, chars, nullable, inKey }: Column, onlyKey: boolean): string {
  if (SCOPE_COLUMNS.includes(name)) return inKey > 0 && onlyKey ? "CONCAT('fill-', n)" : `CONCAT('fill-', n MOD ${SCOPES})`;
  if (nullable && type !== 'datetime') return 'NULL';
  if (type === 'enum') return enumValue(full);
  if (type === 'binary') return `LEFT(UNHEX(SHA2(n, 256)), ${chars})`;
  if (type === 'varchar') return `LEFT(CONCAT('v', n), ${chars})`;
  if (type === 'char') return `LEFT(SHA2(n, 256), ${chars})`;
  if (type === 'json' || type === 'longtext') return "'[]'";
  if (type === 'datetime') return 'NOW(3) - INTERVAL n SECOND';
  if (type === 'tinyint') return 'n MOD 100';
  if (type === 'smallint') return 'n MOD 30000';
  if (type.endsWith('int')) return 'n';
  return "''";
}

/** The last state, which is where things end, but for two in a hundred. */
function enumValue(full: string): string {
  const words = Array.from(full.matchAll(/'([^']*)'/g), ([, word]) => `'${word}'`);
  return `IF(n MOD 50 = 0, ELT(1 + (n DIV 50) MOD ${words.length}, ${words.join(', ')}), ${words.at(-1)})`;
}
