import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findMysql, type MysqlBinary } from './binaries.ts';
import { killChild, startChild } from './child.ts';
import { writePrivate } from './credentials.ts';
import { ownerStatements, redoMbOf, runAsOption, startSqlServer, type SqlOwner, type SqlServer, type SqlServerOptions } from './sql-server.ts';

const INIT_MS = 120_000;

/** Starts a private MySQL, as `startMariadb` starts a MariaDB. For tests: `npm test -- --database mysql`. */
export async function startMysql(options: SqlServerOptions): Promise<SqlServer> {
  const binary = findMysql();
  return startSqlServer(
    {
      name: 'mysql',
      ...binary,
      options: () => [...aloneIn(binary), `--innodb-redo-log-capacity=${redoMbOf(options)}M`, '--mysqlx=OFF', '--disable-log-bin'],
      makeFolder: (dir, owner, { rights = 'database' }) => initMysql(dir, binary, owner, rights),
    },
    options,
  );
}

/** Nothing of the machine's: no file is read or written by statements. */
const aloneIn = ({ base }: MysqlBinary): string[] => [`--basedir=${base}`, '--secure-file-priv=NULL'];

/** Whole or not at all: the folder is renamed into place last. The statements hold passwords, so their file is private and does not stay. */
async function initMysql(dir: string, binary: MysqlBinary, owner: SqlOwner, rights: 'database' | 'everything'): Promise<void> {
  const unfinished = join(dir, 'mysql.new');
  const statements = join(dir, 'init.sql');
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  writePrivate(statements, `${ownerStatements(owner, rights).join('\n')}\n`);
  const args = [
    ...binary.prefix, '--no-defaults', '--initialize-insecure', ...aloneIn(binary), `--datadir=${unfinished}`, `--tmpdir=${join(dir, 'tmp')}`,
    ...runAsOption(), '--innodb-use-native-aio=0', '--character-set-server=utf8mb4', '--collation-server=utf8mb4_unicode_ci', `--init-file=${statements}`,
  ];
  const child = startChild({ command: binary.command, args, stdio: ['ignore', 'pipe', 'pipe'], cwd: dir });
  let said = '';
  for (const stream of [child.process.stdout, child.process.stderr])
    stream?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
  const patience = new AbortController();
  void sleep(INIT_MS, undefined, { signal: patience.signal }).then(
    () => killChild(child),
    () => undefined,
  );
  const exit = await child.exited;
  patience.abort();
  rmSync(statements, { force: true });
  if (exit.code !== 0 || said.includes('[ERROR]')) {
    const log = join(dir, 'init.log');
    writeFileSync(log, said, { mode: 0o600 });
    throw new Error(`MySQL could not make its data folder (${exit.signal ?? `code ${exit.code}`}); see ${log}`);
  }
  renameSync(unfinished, join(dir, 'mysql'));
}
