import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { downloadAndUnpack, onDebian, startOf } from './apt.mjs';
import { say, Stopped } from './console.mjs';

const PACKAGES = ['redis-tools', 'mariadb-server-core'];
const REDIS_MIN = [7, 0];
const MARIADB_MIN = [10, 6];
/** As packages/services looks for them. */
const REDIS_ON_MACHINE = ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server', '/usr/bin/redis-check-rdb'];
const MARIADB_ON_MACHINE = ['/usr/sbin/mariadbd', '/usr/bin/mariadbd', '/usr/local/bin/mariadbd', '/opt/homebrew/opt/mariadb/bin/mariadbd'];

export const runtimeOf = (checkout) => join(checkout, '.data/runtime');
/** What was found, and where: written last, so that an interrupted run is done again, and deleted with what it speaks of. */
const UNPACKED_STAMP = 'root/versions.json';
const MACHINE_STAMP = 'machine.json';

/** Nothing to unpack: both addresses were given, or a run before this one left its stamp. */
export function serversAreThere(checkout, env) {
  if (env['REDIS_URL'] && env['DATABASE_URL']) return true;
  return [UNPACKED_STAMP, MACHINE_STAMP].some((stamp) => existsSync(join(runtimeOf(checkout), stamp)));
}

/**
 * Looks for Redis and MariaDB: unpacked before, on the machine, else unpacks Debian's or Ubuntu's packages into .data/runtime/root.
 * Nothing is installed, no service is made, root is not needed.
 */
export async function unpackServers(checkout) {
  const root = join(runtimeOf(checkout), 'root');
  const unpacked = versionsIn(root);
  if (unpacked) return writeStamp(checkout, UNPACKED_STAMP, unpacked);
  const installed = versionsOnMachine();
  if (installed) return writeStamp(checkout, MACHINE_STAMP, installed);
  if (!onDebian()) throw new Stopped(withoutDebian());
  say('unpacking Redis and MariaDB into .data/runtime (once, about 20 MB) …');
  const unfinished = join(runtimeOf(checkout), `unfinished-${process.pid}`);
  removeUnfinished(runtimeOf(checkout));
  try {
    await downloadAndUnpack(unfinished, PACKAGES, { otherwise: withoutDebian() });
    // The same program, told apart by its name; the link itself is in a package we do not need.
    const link = join(unfinished, 'root/usr/bin/redis-server');
    if (!existsSync(link)) symlinkSync('redis-check-rdb', link);
    const versions = versionsIn(join(unfinished, 'root'));
    if (!versions) throw new Stopped(`the packages of this system do not run, or are too old.\n${withoutDebian()}`);
    rmSync(root, { recursive: true, force: true });
    renameSync(join(unfinished, 'root'), root);
    writeStamp(checkout, UNPACKED_STAMP, versions);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function writeStamp(checkout, stamp, versions) {
  mkdirSync(runtimeOf(checkout), { recursive: true });
  writeFileSync(join(runtimeOf(checkout), stamp), `${JSON.stringify(versions)}\n`);
}

export function removeUnfinished(runtime) {
  mkdirSync(runtime, { recursive: true });
  for (const name of readdirSync(runtime)) if (name.startsWith('unfinished-')) rmSync(join(runtime, name), { recursive: true, force: true });
}

/** Versions of what is unpacked in `root`, asked from the programs themselves; nothing when one does not run or is too old. */
function versionsIn(root) {
  const redis = startOf(root, 'usr/bin/redis-server');
  const mariadb = startOf(root, 'usr/sbin/mariadbd');
  return redis && mariadb ? versionsOf(redis, mariadb) : undefined;
}

function versionsOnMachine() {
  const redis = REDIS_ON_MACHINE.find((path) => existsSync(path));
  const mariadb = MARIADB_ON_MACHINE.find((path) => existsSync(path));
  return redis && mariadb ? versionsOf([redis], [mariadb]) : undefined;
}

function versionsOf(redis, mariadb) {
  const ask = ([command, ...args]) => {
    const argv0 = command.endsWith('redis-check-rdb') ? 'redis-server' : command;
    const { stdout } = spawnSync(command, [...args, '--version'], { argv0, encoding: 'utf8', timeout: 10_000 });
    return stdout ?? '';
  };
  const redisVersion = /v=(\d+\.\d+\.\d+)/.exec(ask(redis))?.[1];
  const mariadbVersion = /Ver (\d+\.\d+\.\d+)-MariaDB/i.exec(ask(mariadb))?.[1];
  if (!redisVersion || !mariadbVersion) return undefined;
  return isAtLeast(redisVersion, REDIS_MIN) && isAtLeast(mariadbVersion, MARIADB_MIN) ? { redis: redisVersion, mariadb: mariadbVersion } : undefined;
}

function isAtLeast(version, [major, minor]) {
  const [ownMajor, ownMinor] = version.split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

const withoutDebian =
  () => `Redis ${REDIS_MIN.join('.')}+ and MariaDB ${MARIADB_MIN.join('.')}+ (or MySQL 8) are needed. On Debian and Ubuntu they are brought along;
  elsewhere install both with your system's packages, or start them in containers and say where they are:
    docker run -d -p 127.0.0.1:6379:6379 redis:7
    docker run -d -p 127.0.0.1:3306:3306 -e MARIADB_RANDOM_ROOT_PASSWORD=1 -e MARIADB_DATABASE=onsale \\
      -e MARIADB_USER=onsale -e MARIADB_PASSWORD=onsale mariadb:10.11
    REDIS_URL=redis://127.0.0.1:6379 DATABASE_URL=mysql://onsale:onsale@127.0.0.1:3306/onsale npm start`;
