import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { newPassword, passwordOfUser, readCredentials, writeCredentials, writePrivate } from './credentials.ts';
import { waitForFolder } from './folder-claim.ts';
import { startServer, type Server } from './server.ts';

export type SqlServerOptions = {
  /** Folder of its data, log and passwords; made and filled when missing. */
  readonly dir: string;
  readonly port?: number;
  /** Schema that is made, and its user. Taken from the folder when that was made before. */
  readonly database?: string;
  readonly user?: string;
  readonly password?: string;
  /** What the user may do: everything within `database`, or everything (tests make databases and users of their own). */
  readonly rights?: 'database' | 'everything';
  /** Further users, without any right until somebody grants it: what `userUrl` names. */
  readonly users?: readonly string[];
  /** Megabytes. 32 MB of redo doubles the 99th percentile of holds: benches and crowds take 256 and a pool of 512. */
  readonly redoMb?: number;
  readonly bufferPoolMb?: number;
  readonly maxConnections?: number;
  /** Further options of the server, without the leading dashes: `['innodb-flush-log-at-trx-commit=2']`. */
  readonly settings?: readonly string[];
};

export type SqlServer = Server & SqlOwner & { readonly url: string; readonly userUrl: (user: string) => string };
export type SqlOwner = { readonly database: string; readonly user: string; readonly password: string; readonly rootPassword: string };

/** What MariaDB and MySQL each say in their own way; sizes and names have been filled in. */
export type SqlEngine = {
  readonly name: 'mariadb' | 'mysql';
  readonly command: string;
  readonly prefix: readonly string[];
  readonly options: (dir: string, options: SqlServerOptions) => readonly string[];
  /** Makes the data folder with the system tables, our schema and its user. Whole or not at all. */
  readonly makeFolder: (dir: string, owner: SqlOwner, options: SqlServerOptions) => Promise<void>;
};

const READY_MS = 120_000;
const GRACE_MS = 30_000;
const PROBE_TIMEOUT_MS = 1_000;
const HANDSHAKE_V10 = 10;
const NAME = /^[a-z][a-z0-9_]{0,31}$/;

export const redoMbOf = (options: SqlServerOptions): number => options.redoMb ?? 32;

/** Neither server runs as root unless it is told to; another user may not be told. */
export const runAsOption = (): string[] => (process.getuid?.() === 0 ? ['--user=root'] : []);

/** Who the private user is and what it may do: the same statements on both servers. */
export function ownerStatements(owner: SqlOwner, rights: SqlServerOptions['rights']): string[] {
  const account = `'${owner.user}'@'127.0.0.1'`;
  return [
    `ALTER USER root@localhost IDENTIFIED BY '${sqlText(owner.rootPassword)}';`,
    `CREATE DATABASE \`${owner.database}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;`,
    `CREATE USER ${account} IDENTIFIED BY '${sqlText(owner.password)}';`,
    rights === 'everything' ? `GRANT ALL ON *.* TO ${account} WITH GRANT OPTION;` : `GRANT ALL ON \`${owner.database}\`.* TO ${account} WITH GRANT OPTION;`,
  ];
}

/** Run at every start, so that a folder from before has them too. */
function userStatements(owner: SqlOwner, users: readonly string[], rights: SqlServerOptions['rights']): string[] {
  for (const user of users) if (!NAME.test(user)) throw new Error(`not a name for a user: ${user}`);
  const made = users.flatMap((user) => {
    const password = `IDENTIFIED BY '${sqlText(passwordOfUser(owner.password, user))}'`;
    return [`CREATE USER IF NOT EXISTS '${user}'@'127.0.0.1' ${password};`, `ALTER USER '${user}'@'127.0.0.1' ${password};`];
  });
  return rights === 'everything' ? made : [...made, `GRANT ALL ON \`${owner.database}\`.* TO '${owner.user}'@'127.0.0.1' WITH GRANT OPTION;`];
}

function sqlText(text: string): string {
  if (/[\n\r\0]/.test(text)) throw new Error('a password cannot hold line breaks');
  return text.replace(/[\\']/g, '\\$&');
}

/** Starts a private server on 127.0.0.1, in UTC, utf8mb4, READ COMMITTED. Resolves when it takes connections. */
export async function startSqlServer(engine: SqlEngine, options: SqlServerOptions): Promise<SqlServer> {
  const dir = resolve(options.dir);
  mkdirSync(join(dir, 'tmp'), { recursive: true });
  const owner = await ownerOf(dir, engine, options);
  const pidFile = join(dir, 'pid');
  const usersFile = join(dir, 'users.sql');
  const { users = [] } = options;
  if (users.length > 0) writePrivate(usersFile, `${userStatements(owner, users, options.rights).join('\n')}\n`);
  const common = (port: number): string[] => [
    `--datadir=${join(dir, 'mysql')}`,
    `--tmpdir=${join(dir, 'tmp')}`,
    ...runAsOption(),
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    '--socket=../s', // from the data folder, where the server goes: an absolute path may be longer than the 107 bytes a socket may have
    '--skip-name-resolve',
    `--innodb-buffer-pool-size=${options.bufferPoolMb ?? 128}M`,
    '--innodb-use-native-aio=0',
    '--performance-schema=OFF',
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_unicode_ci',
    '--default-time-zone=+00:00',
    '--transaction-isolation=READ-COMMITTED',
    `--max-connections=${options.maxConnections ?? 200}`,
    ...(options.settings ?? []).map((setting) => `--${setting}`),
    `--pid-file=${pidFile}`,
    ...(users.length > 0 ? [`--init-file=${usersFile}`] : []),
  ];
  const server = await startServer({
    name: engine.name,
    folder: dir,
    port: options.port,
    command: engine.command,
    args: (port) => [...engine.prefix, '--no-defaults', ...engine.options(dir, options), ...common(port)], // --no-defaults must be the first
    // The pid file tells our server from a stranger's that took the port; it is written when the start is through.
    answers: async (port, pid) => writtenPid(pidFile) === pid && greets(port),
    logFile: join(dir, `${engine.name}.log`),
    readyMs: READY_MS,
    graceMs: GRACE_MS,
  });
  const urlOf = (user: string, password: string): string => `mysql://${user}:${encodeURIComponent(password)}@127.0.0.1:${server.port}/${owner.database}`;
  const userUrl = (user: string): string => urlOf(user, passwordOfUser(owner.password, user));
  return Object.assign(server, { url: urlOf(owner.user, owner.password), userUrl, ...owner });
}

async function ownerOf(dir: string, engine: SqlEngine, options: SqlServerOptions): Promise<SqlOwner> {
  const kept = readCredentials(dir);
  if (kept && existsSync(join(dir, 'mysql'))) return kept as SqlOwner;
  await waitForFolder(dir, engine.name);
  const owner: SqlOwner = {
    database: options.database ?? 'onsale',
    user: options.user ?? 'onsale',
    password: options.password ?? newPassword(),
    rootPassword: newPassword(),
  };
  for (const name of [owner.database, owner.user]) if (!NAME.test(name)) throw new Error(`not a name for a schema or user: ${name}`);
  writeCredentials(dir, owner);
  await engine.makeFolder(dir, owner, options);
  return owner;
}

function writtenPid(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** True when a server on `port` greets with the handshake of MySQL's protocol. */
function greets(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    const finish = (good: boolean): void => {
      socket.destroy();
      done(good);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
    // Three bytes of length, one of sequence, then the protocol's version.
    socket.once('data', (bytes) => finish(bytes[4] === HANDSHAKE_V10));
  });
}
