import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** How to start a program: the command, and what stands before its own arguments. */
type Program = { readonly command: string; readonly prefix: readonly string[] };

/** `alias`: the program must be called by this name, because argv[0] chooses its mode. */
export type RedisBinary = Program & { readonly alias?: string };
/** `base` is the folder that holds `share/`, `sqlFolder` the one with the statements that make the system tables. */
export type MariadbBinary = Program & { readonly base: string; readonly sqlFolder: string };
export type MysqlBinary = Program & { readonly base: string };

/** Neither unpacked nor installed. The message tells a person what to do. */
export class ServersMissing extends Error {
  override readonly name = 'ServersMissing';
  constructor(what: string, variable: string, command = 'node scripts/bootstrap.mjs') {
    super(
      `${what} is neither unpacked in ${join(CHECKOUT, '.data/runtime')} nor installed on this machine. ` +
        `On Debian or Ubuntu run "${command}" in the checkout; elsewhere install ${what}, or set ${variable} to a running server.`,
    );
  }
}

const CHECKOUT = resolve(import.meta.dirname, '../../..');
/** Debian's names of the processor architectures that Node runs on. */
const LIBRARY_FOLDERS: Readonly<Record<string, { folder: string; loader: string }>> = {
  x64: { folder: 'x86_64-linux-gnu', loader: 'ld-linux-x86-64.so.2' },
  arm64: { folder: 'aarch64-linux-gnu', loader: 'ld-linux-aarch64.so.1' },
};

const INSTALLED_MARIADB = [
  ['/usr/sbin/mariadbd', '/usr'],
  ['/usr/bin/mariadbd', '/usr'],
  ['/usr/local/bin/mariadbd', '/usr/local'],
  ['/opt/homebrew/opt/mariadb/bin/mariadbd', '/opt/homebrew/opt/mariadb'],
] as const;

/** Where scripts/bootstrap.mjs unpacks the packages: beside the checkout's other data, shared by every data folder. */
export const runtimeFolder = (): string => join(CHECKOUT, '.data/runtime/root');

/** Redis: unpacked, else on the machine. redis-check-rdb is the same program as redis-server, told apart by argv[0]. */
export function findRedis(root: string = runtimeFolder()): RedisBinary {
  const unpacked = unpackedProgram(root, ['usr/bin/redis-server']);
  if (unpacked) return unpacked;
  for (const folder of ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']) {
    if (existsSync(join(folder, 'redis-server'))) return { command: join(folder, 'redis-server'), prefix: [] };
    if (existsSync(join(folder, 'redis-check-rdb'))) return { command: join(folder, 'redis-check-rdb'), prefix: [], alias: 'redis-server' };
  }
  throw new ServersMissing('Redis (7 or newer)', 'REDIS_URL');
}

/** MariaDB: unpacked, else on the machine; /usr/sbin is named because it is not in an ordinary user's PATH. */
export function findMariadb(root: string = runtimeFolder()): MariadbBinary {
  const unpacked = unpackedProgram(root, ['usr/sbin/mariadbd']);
  const unpackedSql = sqlFolderOf(join(root, 'usr'));
  if (unpacked && unpackedSql) return { ...unpacked, base: join(root, 'usr'), sqlFolder: unpackedSql };
  for (const [program, base] of INSTALLED_MARIADB) {
    const sqlFolder = sqlFolderOf(base);
    if (existsSync(program) && sqlFolder) return { command: program, prefix: [], base, sqlFolder };
  }
  throw new ServersMissing('MariaDB (10.6 or newer)', 'DATABASE_URL');
}

/** For what starts both servers: what this machine lacks, or false. */
export function missingServers(): string | false {
  try {
    findRedis();
    findMariadb();
    return false;
  } catch (error) {
    if (error instanceof ServersMissing) return error.message;
    throw error;
  }
}

/** Where scripts/bootstrap.mjs --mysql unpacks MySQL: a tree of its own, for it comes with a newer C library. */
export const mysqlFolder = (): string => join(CHECKOUT, '.data/runtime/mysql');

/** MySQL, for tests: only as it is unpacked, because what a system calls mysqld may be MariaDB. */
export function findMysql(root: string = mysqlFolder()): MysqlBinary {
  const unpacked = unpackedProgram(root, ['usr/sbin/mysqld']);
  if (!unpacked) throw new ServersMissing('MySQL', 'DATABASE_URL', 'node scripts/bootstrap.mjs --mysql');
  return { ...unpacked, base: join(root, 'usr') };
}

/** The unpacked tree brings its own loader and C library, so it runs whatever the machine's own are. */
function unpackedProgram(root: string, candidates: readonly string[]): Program | undefined {
  const names = LIBRARY_FOLDERS[process.arch];
  const program = candidates.map((candidate) => join(root, candidate)).find((path) => existsSync(path));
  if (!names || !program) return undefined;
  const libraries = [join(root, 'lib', names.folder), join(root, 'usr/lib', names.folder)];
  const loader = libraries.map((folder) => join(folder, names.loader)).find((path) => existsSync(path));
  if (!loader) return undefined;
  return { command: loader, prefix: ['--library-path', libraries.join(':'), program] };
}

/** 10.x keeps its SQL in share/mysql/mysql_*.sql, 11.x in share/mariadb/mariadb_*.sql. */
function sqlFolderOf(base: string): string | undefined {
  return ['share/mysql', 'share/mariadb']
    .map((folder) => join(base, folder))
    .find((folder) => existsSync(folder) && readdirSync(folder).some((file) => /^(mysql|mariadb)_system_tables\.sql$/.test(file)));
}
