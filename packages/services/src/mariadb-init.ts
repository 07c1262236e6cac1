import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MariadbBinary } from './binaries.ts';
import { killChild, startChild } from './child.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownerStatements, runAsOption, type SqlOwner } from './sql-server.ts';

export type MariadbInit = {
  readonly dir: string;
  readonly binary: MariadbBinary;
  readonly owner: SqlOwner;
  readonly rights: 'database' | 'everything';
  readonly redoMb: number;
};

const INIT_MS = 60_000;
/** Names as 10.x has them; 11.x calls them mariadb_*. */
const SYSTEM_SQL = [
  'mysql_system_tables.sql',
  'mysql_performance_tables.sql',
  'mysql_system_tables_data.sql',
  'maria_add_gis_sp_bootstrap.sql',
  'mysql_sys_schema.sql',
];

/**
 * Makes a data folder with the system tables, our schema and its user, in one run of the server in bootstrap mode: no script of the
 * client packages is needed. Every user without a password is dropped. Whole or not at all: it is renamed into place last.
 */
export async function initMariadb(init: MariadbInit): Promise<void> {
  const target = join(init.dir, 'mysql');
  const unfinished = join(init.dir, 'mysql.new');
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const log = join(init.dir, 'init.log');
  const child = startChild({ command: init.binary.command, args: bootstrapOptions(init, unfinished), stdio: ['pipe', 'pipe', 'pipe'], cwd: init.dir });
  let said = '';
  for (const stream of [child.process.stdout, child.process.stderr])
    stream?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
  child.process.stdin?.on('error', () => undefined); // it ended early: its exit says so
  child.process.stdin?.end(bootstrapSql(init));
  const patience = new AbortController();
  void sleep(INIT_MS, undefined, { signal: patience.signal }).then(
    () => killChild(child),
    () => undefined,
  );
  const exit = await child.exited;
  patience.abort();
  if (exit.code !== 0 || said.includes('ERROR:')) {
    writeFileSync(log, said, { mode: 0o600 });
    throw new Error(`MariaDB could not make its data folder (${exit.signal ?? `code ${exit.code}`}); see ${log}`);
  }
  renameSync(unfinished, target);
}

function bootstrapOptions(init: MariadbInit, dataFolder: string): string[] {
  return [
    ...init.binary.prefix,
    '--no-defaults', // must be the first
    '--bootstrap',
    `--basedir=${init.binary.base}`,
    `--datadir=${dataFolder}`,
    `--tmpdir=${join(init.dir, 'tmp')}`,
    ...runAsOption(),
    '--log-warnings=0',
    '--enforce-storage-engine=',
    `--innodb-log-file-size=${init.redoMb}M`,
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-doublewrite=0',
    '--max-allowed-packet=8M',
    '--innodb-use-native-aio=0',
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_unicode_ci',
  ];
}

/** Bootstrap mode reads one statement a line, or several lines up to a semicolon at a line's end. */
function bootstrapSql(init: MariadbInit): string {
  return [
    'CREATE DATABASE IF NOT EXISTS mysql;',
    'USE mysql;',
    'SET @auth_root_socket=NULL;',
    ...SYSTEM_SQL.map((name) => readFileSync(sqlFile(init.binary.sqlFolder, name), 'utf8')),
    'FLUSH PRIVILEGES;',
    `DELETE FROM mysql.global_priv WHERE NOT (User='root' AND Host='localhost') AND User<>'mariadb.sys';`,
    'FLUSH PRIVILEGES;',
    ...ownerStatements(init.owner, init.rights),
    '',
  ].join('\n');
}

function sqlFile(folder: string, name: string): string {
  const old = join(folder, name);
  return existsSync(old) ? old : join(folder, name.replace(/^mysql_/, 'mariadb_'));
}
