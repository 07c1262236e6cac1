import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { downloadAndUnpack, onDebian, startOf } from './apt.mjs';
import { say, Stopped } from './console.mjs';
import { removeUnfinished, runtimeOf } from './servers.mjs';

/** Debian's stable releases have no MySQL; the one that is always in the making has. */
const RELEASE = 'sid';
const PACKAGE = 'mysql-server-core';
const OTHERWISE = 'Start a MySQL 8.4 or newer by other means and name it: DATABASE_URL=mysql://… npm test';
/** Written last, so that an interrupted run is done again. */
const STAMP = 'versions.json';

const folderOf = (checkout) => join(runtimeOf(checkout), 'mysql');

export const mysqlIsThere = (checkout) => existsSync(join(folderOf(checkout), STAMP));

/**
 * Unpacks MySQL into .data/runtime/mysql, for `npm test -- --database mysql`: nothing is installed, no service is made, root is not needed. Apart
 * from Redis and MariaDB, because it comes with a newer C library.
 */
export async function unpackMysql(checkout) {
  if (!onDebian()) throw new Stopped(`MySQL is brought along on Debian only. ${OTHERWISE}`);
  say('unpacking MySQL into .data/runtime/mysql (once, about 60 MB) …');
  const runtime = runtimeOf(checkout);
  const unfinished = join(runtime, `unfinished-${process.pid}`);
  removeUnfinished(runtime);
  try {
    await downloadAndUnpack(unfinished, [PACKAGE], { release: RELEASE, otherwise: OTHERWISE });
    const [command, ...args] = startOf(join(unfinished, 'root'), 'usr/sbin/mysqld') ?? [''];
    const { stdout } = spawnSync(command, [...args, '--no-defaults', '--version'], { encoding: 'utf8', timeout: 10_000 });
    const version = /Ver (\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1];
    if (version === undefined) throw new Stopped(`the MySQL of Debian ${RELEASE} does not run here. ${OTHERWISE}`);
    writeFileSync(join(unfinished, 'root', STAMP), `${JSON.stringify({ mysql: version })}\n`);
    mkdirSync(runtime, { recursive: true });
    rmSync(folderOf(checkout), { recursive: true, force: true });
    renameSync(join(unfinished, 'root'), folderOf(checkout));
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
