import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { findMariadb, type MariadbBinary } from './binaries.ts';
import { initMariadb, runAsOption } from './mariadb-init.ts';
import { newPassword, readCredentials, writeCredentials } from './credentials.ts';
import { waitForFolder } from './folder-claim.ts';
import { startServer, type Server } from './server.ts';

export type MariadbOptions = {
  /** Folder of its data, log and passwords; made and filled when missing. */
  readonly dir: string;
  readonly port?: number;
  /** Schema that is made, and its user. Taken from the folder when that was made before. */
  readonly database?: string;
  readonly user?: string;
  readonly password?: string;
  /** What the user may do: everything within `database`, or everything (tests make databases of their own). */
  readonly rights?: 'database' | 'everything';
  /** Megabytes. 32 MB of redo doubles the 99th percentile of holds: benches and crowds take 256 and a pool of 512. */
  readonly redoMb?: number;
  readonly bufferPoolMb?: number;
  readonly maxConnections?: number;
  /** Further options of the server, without the leading dashes: `['innodb-flush-log-at-trx-commit=2']`. */
  readonly settings?: readonly string[];
  readonly binary?: MariadbBinary;
};

export type Mariadb = Server & Owner & { readonly url: string };
type Owner = { readonly database: string; readonly user: string; readonly password: string; readonly rootPassword: string };

const READY_MS = 120_000;
const GRACE_MS = 30_000;
const PROBE_TIMEOUT_MS = 1_000;
const HANDSHAKE_V10 = 10;
const NAME = /^[a-z][a-z0-9_]{0,31}$/;

/** Starts a private MariaDB on 127.0.0.1, in UTC, utf8mb4, READ COMMITTED. Resolves when it takes connections. */
export async function startMariadb(options: MariadbOptions): Promise<Mariadb> {
  const dir = resolve(options.dir);
  const binary = options.binary ?? findMariadb();
  mkdirSync(join(dir, 'tmp'), { recursive: true });
  const owner = await ownerOf(dir, binary, options);
  const pidFile = join(dir, 'pid');
  const server = await startServer({
    name: 'mariadb',
    folder: dir,
    port: options.port,
    command: binary.command,
    args: (port) => [...binary.prefix, ...serverOptions(dir, binary, options, port), `--pid-file=${pidFile}`],
    // The pid file tells our server from a stranger's that took the port; it is written when the start is through.
    answers: async (port, pid) => writtenPid(pidFile) === pid && greets(port),
    logFile: join(dir, 'mariadb.log'),
    readyMs: READY_MS,
    graceMs: GRACE_MS,
  });
  const url = `mysql://${owner.user}:${encodeURIComponent(owner.password)}@127.0.0.1:${server.port}/${owner.database}`;
  return Object.assign(server, { url, ...owner });
}

async function ownerOf(dir: string, binary: MariadbBinary, options: MariadbOptions): Promise<Owner> {
  const kept = readCredentials(dir);
  if (kept && existsSync(join(dir, 'mysql'))) return kept as Owner;
  await waitForFolder(dir, 'mariadb');
  const owner: Owner = {
    database: options.database ?? 'onsale',
    user: options.user ?? 'onsale',
    password: options.password ?? newPassword(),
    rootPassword: newPassword(),
  };
  for (const name of [owner.database, owner.user]) if (!NAME.test(name)) throw new Error(`not a name for a schema or user: ${name}`);
  writeCredentials(dir, owner);
  await initMariadb({ dir, binary, ...owner, rights: options.rights ?? 'database', redoMb: redoMbOf(options) });
  return owner;
}

const redoMbOf = (options: MariadbOptions): number => options.redoMb ?? 32;

function serverOptions(dir: string, binary: MariadbBinary, options: MariadbOptions, port: number): string[] {
  return [
    '--no-defaults', // must be the first
    `--basedir=${binary.base}`,
    `--datadir=${join(dir, 'mysql')}`,
    `--tmpdir=${join(dir, 'tmp')}`,
    ...runAsOption(),
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    '--socket=../s', // from the data folder, where the server goes: an absolute path may be longer than the 107 bytes a socket may have
    '--skip-name-resolve',
    `--innodb-log-file-size=${redoMbOf(options)}M`,
    `--innodb-buffer-pool-size=${options.bufferPoolMb ?? 128}M`,
    '--innodb-use-native-aio=0',
    '--performance-schema=OFF',
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_unicode_ci',
    '--default-time-zone=+00:00',
    '--transaction-isolation=READ-COMMITTED',
    `--max-connections=${options.maxConnections ?? 200}`,
    ...(options.settings ?? []).map((setting) => `--${setting}`),
  ];
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
