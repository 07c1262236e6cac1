import type { Pool } from '@onsale/database';

/**
 * Counters of MariaDB since it started, by their names there. `Questions`: statements that clients have sent, BEGIN and COMMIT among them;
 * prepared ones count when they are executed.
 */
export async function serverStatus<Name extends string>(pool: Pool, names: readonly Name[]): Promise<Readonly<Record<Name, number>>> {
  const [rows] = await pool.query('SHOW GLOBAL STATUS WHERE Variable_name IN (?)', [names]);
  if (rows.length !== names.length) throw new Error(`the server does not count all of ${names.join(', ')}`);
  return Object.fromEntries(rows.map((row) => [row['Variable_name'], Number(row['Value'])])) as Record<Name, number>;
}
