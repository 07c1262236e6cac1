import { inTransaction, keptMsOf, type Pool, type Queryable, type ResultSetHeader } from '@onsale/database';
import { asc, drizzleOn, gt, isNull, or, sql } from '@onsale/database/drizzle';
import { entryKey } from '@onsale/database/schema/control';
import { invariant } from '@onsale/kernel';

/** The public half of a key that signs entry tokens; booking loads them from here while admission is away. */
export type PublicEntryKey = {
  readonly kid: string;
  readonly jwk: Readonly<Record<string, unknown>>;
  /** Wall time until which it verifies; null: for ever. */
  readonly notAfterMs: number | null;
};

const KEYS_MAX = 64;
/** Members of a JWK that are secret (RFC 7518 §6.2.2, §6.3.2, §6.4; RFC 8037 §2). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/**
 * Publishes keys; the same again changes only `notAfterMs`. Throws on a private key, and on a kid that names another key already: tokens
 * out there name their key by kid.
 */
export async function publishEntryKeys(pool: Pool, keys: readonly PublicEntryKey[]): Promise<void> {
  invariant(keys.length <= KEYS_MAX, `at most ${KEYS_MAX} entry keys`);
  for (const { kid, jwk } of keys) {
    invariant(!SECRET_MEMBERS.some((member) => member in jwk), `entry key ${kid} has a secret part`);
    invariant(jwk['kid'] === kid, `entry key ${kid} calls itself otherwise`);
  }
  await inTransaction(pool, { isolation: 'read committed' }, async (tx) => {
    const database = drizzleOn(tx);
    const known = await database.select().from(entryKey).orderBy(asc(entryKey.kid)).limit(10 * KEYS_MAX).for('update');
    for (const { kid, jwk, notAfterMs } of keys) {
      const before = known.find((row) => row.kid === kid);
      invariant(before === undefined || before.jwk['x'] === jwk['x'], `entry key ${kid} is another key already`);
      const row = { kid, jwk: { ...jwk }, notAfter: notAfterMs === null ? null : new Date(notAfterMs), publishedAt: sql`NOW(3)` };
      await database.insert(entryKey).values(row).onDuplicateKeyUpdate({ set: { jwk: row.jwk, notAfter: row.notAfter } });
    }
  });
}

/** Keys that still verify, as the members of a JWKS document. */
export async function readEntryKeys(database: Queryable): Promise<PublicEntryKey[]> {
  const rows = await drizzleOn(database)
    .select()
    .from(entryKey)
    .where(or(isNull(entryKey.notAfter), gt(entryKey.notAfter, sql`NOW(3)`)))
    .orderBy(asc(entryKey.kid))
    .limit(KEYS_MAX);
  return rows.map(({ kid, jwk, notAfter }) => ({ kid, jwk, notAfterMs: notAfter?.getTime() ?? null }));
}

/** Keys that have verified nothing for a week; gives how many. */
export async function pruneEntryKeys(database: Queryable, limit: number): Promise<number> {
  const sql = 'DELETE FROM entry_key WHERE not_after < NOW(3) - INTERVAL ? MICROSECOND LIMIT ?';
  const [written] = await database.query<ResultSetHeader>(sql, [keptMsOf('entry_key') * 1_000, limit]);
  return written.affectedRows;
}
