import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastLines, run, say, Stopped } from './console.mjs';

const STEP_LIMIT_MS = 5 * 60_000;
const PACKAGES = ['redis-tools', 'mariadb-server-core'];
const REDIS_MIN = [7, 0];
const MARIADB_MIN = [10, 6];
const LIBRARY_FOLDERS = {
  x64: ['x86_64-linux-gnu', 'ld-linux-x86-64.so.2'],
  arm64: ['aarch64-linux-gnu', 'ld-linux-aarch64.so.1'],
};

/** As packages/services looks for them. */
const REDIS_ON_MACHINE = ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server', '/usr/bin/redis-check-rdb'];
const MARIADB_ON_MACHINE = ['/usr/sbin/mariadbd', '/usr/bin/mariadbd', '/usr/local/bin/mariadbd', '/opt/homebrew/opt/mariadb/bin/mariadbd'];

const runtimeOf = (checkout) => join(checkout, '.data/runtime');
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
    await downloadAndUnpack(unfinished);
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

function removeUnfinished(runtime) {
  mkdirSync(runtime, { recursive: true });
  for (const name of readdirSync(runtime)) if (name.startsWith('unfinished-')) rmSync(join(runtime, name), { recursive: true, force: true });
}

/**
 * An own state folder with an empty list of installed packages makes apt fetch everything the two need, the C library too, so that the
 * result runs whatever the machine has; and it needs no right on the machine's own lists.
 */
async function downloadAndUnpack(folder) {
  for (const part of ['state/lists/partial', 'cache/archives/partial', 'log', 'root']) mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, 'state/empty'), '');
  const settings = [
    `Dir::State=${join(folder, 'state')}`,
    `Dir::State::status=${join(folder, 'state/empty')}`,
    `Dir::Cache=${join(folder, 'cache')}`,
    `Dir::Log=${join(folder, 'log')}`,
    'Debug::NoLocking=1',
    'Acquire::Languages=none',
    'Acquire::Retries=3',
    'APT::Sandbox::User=',
  ].flatMap((setting) => ['-o', setting]);
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (label, ...args) => run('apt-get', [...settings, '-q', ...args], { cwd: folder, env, label, limitMs: STEP_LIMIT_MS });
  // A foreign source on the machine may fail here without harm; whether Debian's own came shows in the next step.
  const lists = await apt('reading the package lists', 'update');
  const fetched = await apt('downloading', '-y', '-d', '--no-install-recommends', 'install', ...PACKAGES);
  if (fetched.code !== 0) {
    const said = lastLines(`${lists.output}\n${fetched.output}`, 20);
    throw new Stopped(`downloading ${PACKAGES.join(' and ')} failed:\n${said}\n${withoutDebian()}`);
  }
  for (const name of readdirSync(join(folder, 'cache/archives')).filter((file) => file.endsWith('.deb'))) {
    const archive = join(folder, 'cache/archives', name);
    const { code, output } = await run('dpkg-deb', ['-x', archive, join(folder, 'root')], { cwd: folder, env, label: name, limitMs: STEP_LIMIT_MS });
    if (code !== 0) throw new Stopped(`unpacking ${name} failed:\n${lastLines(output, 10)}`);
  }
  // The same program, told apart by its name; the link itself is in a package we do not need.
  const link = join(folder, 'root/usr/bin/redis-server');
  if (!existsSync(link)) symlinkSync('redis-check-rdb', link);
}

/** Versions of what is unpacked in `root`, asked from the programs themselves; nothing when one does not run or is too old. */
function versionsIn(root) {
  const [folder, loaderName] = LIBRARY_FOLDERS[process.arch] ?? [];
  if (!folder) return undefined;
  const libraries = [join(root, 'lib', folder), join(root, 'usr/lib', folder)];
  const loader = libraries.map((library) => join(library, loaderName)).find((path) => existsSync(path));
  if (!loader) return undefined;
  const start = (program) => [loader, '--library-path', libraries.join(':'), join(root, program)];
  return versionsOf(start('usr/bin/redis-server'), start('usr/sbin/mariadbd'));
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

function onDebian() {
  return existsSync('/usr/bin/apt-get') && existsSync('/usr/bin/dpkg-deb') && /debian/i.test(textOf('/etc/os-release'));
}

function textOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const withoutDebian =
  () => `Redis ${REDIS_MIN.join('.')}+ and MariaDB ${MARIADB_MIN.join('.')}+ (or MySQL 8) are needed. On Debian and Ubuntu they are brought along;
  elsewhere install both with your system's packages, or start them in containers and say where they are:
    docker run -d -p 127.0.0.1:6379:6379 redis:7
    docker run -d -p 127.0.0.1:3306:3306 -e MARIADB_RANDOM_ROOT_PASSWORD=1 -e MARIADB_DATABASE=onsale \\
      -e MARIADB_USER=onsale -e MARIADB_PASSWORD=onsale mariadb:10.11
    REDIS_URL=redis://127.0.0.1:6379 DATABASE_URL=mysql://onsale:onsale@127.0.0.1:3306/onsale npm start`;
