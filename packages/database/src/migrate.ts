import { createHash } from 'node:crypto';
import { ALREADY_DONE_ERRNOS } from './dialect.ts';
import { SqlFailure } from './failures.ts';
import { readMigrations, type Migration, type MigrationPhase } from './migration-files.ts';
import { openPool } from './pool.ts';
import type { Connection, Queryable, RowDataPacket } from './session.ts';

/**
 * Migrations run one after another under GET_LOCK, held by a connection of its own that does nothing else, so two migrators never mix and a
 * migrator that dies lets go by itself. DDL commits by itself; hence per file:
 *
 *   absent ── row written ──► started ── statement ran ──► finished
 *                                └── crash ──► the next migrator runs the statement again
 *
 * A finished file whose text has changed is refused. Files are applied by number, also below the highest applied one: packages number on
 * their own ranges.
 */
export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused';
}

export type MigrateOptions = { readonly folder?: string; readonly lockWaitS?: number; readonly log?: (line: string) => void };

const LOCK_WAIT_S = 60;
/** An ALTER of a large table may take long. */
const STATEMENT_MS = 30 * 60_000;
const LEDGER = `CREATE TABLE IF NOT EXISTS schema_migration (
  number SMALLINT UNSIGNED NOT NULL PRIMARY KEY,
  name VARCHAR(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  phase ENUM('expand', 'contract') NOT NULL,
  checksum CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  started_at DATETIME(3) NOT NULL,
  finished_at DATETIME(3) NULL
) ENGINE = InnoDB`;

type Recorded = { readonly name: string; readonly phase: MigrationPhase; readonly checksum: string; readonly finished: boolean };

/** Brings the database of `url` to the schema of the migration files; gives the names of those it ran. Throws MigrationRefused. */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<string[]> {
  const migrations = await readMigrations(options.folder);
  const pool = openPool({ url, connections: 2, statementMs: STATEMENT_MS });
  const lock = lockOf(url);
  try {
    const holder = await pool.acquire();
    try {
      const [rows] = await holder.query('SELECT GET_LOCK(?, ?) AS got', [lock, options.lockWaitS ?? LOCK_WAIT_S]);
      if (rows[0]?.['got'] !== 1) throw new MigrationRefused('another migrator holds the lock');
      const worker = await pool.acquire();
      try {
        return await applyAll(worker, migrations, options.log ?? (() => {}));
      } finally {
        worker.release();
      }
    } finally {
      await holder.query('SELECT RELEASE_LOCK(?)', [lock]).catch(() => {});
      holder.release();
    }
  } finally {
    await pool.close();
  }
}

/** One lock per database, since GET_LOCK's names are the server's; at most 64 characters. */
export const lockOf = (url: string): string => `onsale-migrate-${createHash('sha256').update(new URL(url).pathname).digest('hex').slice(0, 16)}`;

async function applyAll(connection: Connection, migrations: readonly Migration[], log: (line: string) => void): Promise<string[]> {
  await connection.query(LEDGER);
  const recorded = await readLedger(connection);
  // All checks before the first change.
  for (const migration of migrations) {
    const known = recorded.get(migration.number);
    if (known?.finished && known.checksum !== migration.checksum) throw new MigrationRefused(`migration ${label(migration)} was changed after it had run`);
  }
  const ran: string[] = [];
  for (const migration of migrations) {
    const known = recorded.get(migration.number);
    if (known?.finished) continue;
    await apply(connection, migration, known !== undefined);
    log(`migrated ${label(migration)}`);
    ran.push(label(migration));
  }
  return ran;
}

async function apply(connection: Connection, migration: Migration, halfRun: boolean): Promise<void> {
  const { number, name, phase, checksum, sql } = migration;
  await connection.query(
    `INSERT INTO schema_migration (number, name, phase, checksum, started_at) VALUES (?, ?, ?, ?, NOW(3))
     ON DUPLICATE KEY UPDATE name = VALUES(name), phase = VALUES(phase), checksum = VALUES(checksum), started_at = VALUES(started_at)`,
    [number, name, phase, checksum],
  );
  try {
    await connection.query(sql);
  } catch (error) {
    // Only after a crash may the statement's effect be there already.
    const done = halfRun && error instanceof SqlFailure && ALREADY_DONE_ERRNOS.has(error.errno);
    if (!done) throw error;
  }
  await connection.query('UPDATE schema_migration SET finished_at = NOW(3) WHERE number = ?', [number]);
}

async function readLedger(database: Queryable): Promise<Map<number, Recorded>> {
  const [rows] = await database.query<RowDataPacket[]>('SELECT number, name, phase, checksum, finished_at IS NOT NULL AS finished FROM schema_migration');
  return new Map(
    rows.map((row) => [
      row['number'] as number,
      { name: row['name'] as string, phase: row['phase'] as MigrationPhase, checksum: row['checksum'] as string, finished: row['finished'] === 1 },
    ]),
  );
}

const NO_SUCH_TABLE = 1146;

/**
 * Apps call this before they serve. It throws MigrationRefused when the schema is older than this program (a file has not finished) or too
 * new for it (a `contract` migration it does not know). Unknown `expand` migrations are welcome: they run before the new program is rolled out.
 */
export async function checkSchema(database: Queryable, options: { readonly folder?: string } = {}): Promise<void> {
  const migrations = await readMigrations(options.folder);
  const recorded = await readLedger(database).catch((error: unknown) => {
    if (error instanceof SqlFailure && error.errno === NO_SUCH_TABLE) return new Map<number, Recorded>();
    throw error;
  });
  for (const migration of migrations) {
    const known = recorded.get(migration.number);
    if (!known?.finished) throw new MigrationRefused(`the schema is older than this program: ${label(migration)} has not run; run scripts/migrate`);
    if (known.checksum !== migration.checksum) throw new MigrationRefused(`the schema was made by another text of ${label(migration)}`);
  }
  const own = new Set(migrations.map((migration) => migration.number));
  for (const [number, known] of recorded) {
    if (own.has(number) || known.phase === 'expand') continue;
    throw new MigrationRefused(`the schema is too new for this program: ${label({ number, name: known.name })}`);
  }
}

const label = ({ number, name }: { readonly number: number; readonly name: string }): string => `${String(number).padStart(4, '0')}-${name}`;
