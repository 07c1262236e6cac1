import { isUnavailable, openPool } from '@onsale/database';
import { Redis as RedisClient } from 'ioredis';

/**
 * Commands that Redis and the database refused to one of their users for want of a right. Each app may do what it does and no more, so one
 * of these is a fault in an app's rights or a thing that no app should try. The servers count: an app may retry and say nothing.
 */
export type Stores = { readonly redisUrl: string; readonly databaseUrl: string };

const ANSWER_MS = 3_000;
/** A table, a column, a database, an administrator's privilege, a password. */
const ERRNOS = [1142, 1143, 1044, 1227, 1045];
/** What errors of either store look like in a log (`SqlFailure` and Redis' own). */
const IN_A_LOG = new RegExp(`^.*(?:SQL error (?:${ERRNOS.join('|')})\\b|NOPERM).*$`, 'gm');

export const deniedInLog = (log: string): string[] => log.match(IN_A_LOG) ?? [];

/** What each store says of itself; one that does not answer (a test has killed it) says nothing. */
export async function deniedByStores({ redisUrl, databaseUrl }: Stores): Promise<string[]> {
  return (await Promise.all([deniedByRedis(redisUrl), deniedBySql(databaseUrl)])).flat();
}

async function deniedByRedis(url: string): Promise<string[]> {
  const client = new RedisClient(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: ANSWER_MS, commandTimeout: ANSWER_MS });
  client.on('error', () => undefined);
  try {
    if (!await client.connect().then(() => true, () => false)) return [];
    const log = await client.call('ACL', 'LOG') as unknown[][];
    return log.map((entry) => {
      const field = (name: string): unknown => entry[entry.indexOf(name) + 1];
      return `Redis refused ${field('username')} ${field('count')} times: ${field('reason')} ${field('object')}`;
    });
  } finally {
    client.disconnect();
  }
}

/** MariaDB has a counter, MySQL a table by error number; neither has the other's. */
async function deniedBySql(url: string): Promise<string[]> {
  const pool = openPool({ url, connections: 1, statementMs: ANSWER_MS });
  try {
    const [status] = await pool.query("SHOW GLOBAL STATUS LIKE 'Access_denied_errors'");
    const counted = status.length > 0
      ? Number(status[0]?.['Value'])
      : Number((await pool.query(
        `SELECT COALESCE(SUM(SUM_ERROR_RAISED), 0) AS n FROM performance_schema.events_errors_summary_global_by_error
         WHERE ERROR_NUMBER IN (?)`, [ERRNOS],
      ))[0][0]?.['n']);
    return counted > 0 ? [`the database refused ${counted} statements`] : [];
  } catch (error) {
    if (isUnavailable(error)) return [];
    throw error;
  } finally {
    await pool.close();
  }
}
