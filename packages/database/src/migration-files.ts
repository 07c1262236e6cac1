import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** `expand`: programs older than it go on working. `contract`: they do not, and refuse to start. */
export type MigrationPhase = 'expand' | 'contract';
export type Migration = { readonly number: number; readonly name: string; readonly phase: MigrationPhase; readonly sql: string; readonly checksum: string };

export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../migrations/', import.meta.url));
const FILE_NAME = /^(\d{4})-([a-z0-9]+(?:-[a-z0-9]+)*)\.sql$/;
const CONTRACT_HEADER = /^--\s*phase:\s*contract\s*$/m;

/**
 * All migrations of `folder`, by number. A file is `NNNN-name.sql` and holds one statement that may be run again when a crash left it half
 * run: `CREATE TABLE IF NOT EXISTS …`, or an ALTER, whose "already there" the runner then forgives. Numbers: 01xx control and outbox,
 * 02xx booking, 03xx payments and sales. A line `-- phase: contract` marks one that older programs cannot live with.
 */
export async function readMigrations(folder: string = MIGRATIONS_FOLDER): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const migrations = await Promise.all(names.map((fileName) => readMigration(folder, fileName)));
  for (const [index, migration] of migrations.entries()) {
    if (index > 0 && migrations[index - 1]?.number === migration.number) throw new Error(`two migrations have the number ${migration.number}`);
  }
  return migrations;
}

async function readMigration(folder: string, fileName: string): Promise<Migration> {
  const parts = FILE_NAME.exec(fileName);
  if (parts === null) throw new Error(`not a migration's name (NNNN-name.sql): ${fileName}`);
  const text = await readFile(`${folder}/${fileName}`, 'utf8');
  const checksum = createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex');
  return { number: Number(parts[1]), name: parts[2] as string, phase: CONTRACT_HEADER.test(text) ? 'contract' : 'expand', sql: text, checksum };
}
