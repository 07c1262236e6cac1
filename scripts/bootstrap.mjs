// Makes a fresh clone ready: packages, a Node that runs TypeScript, Redis and MariaDB. Runs before `npm start` and `npm test`
// (prestart, pretest), so it is plain JavaScript for Node >= 20 without a single dependency, and does nothing, fast, when all is there.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { explain, Stopped } from './bootstrap/console.mjs';
import { withLock } from './bootstrap/lock.mjs';
import { packagesAreInstalled, installPackages, checkNode } from './bootstrap/packages.mjs';
import { mysqlIsThere, unpackMysql } from './bootstrap/mysql.mjs';
import { serversAreThere, unpackServers } from './bootstrap/servers.mjs';
import { tapIsBuilt, buildTap } from './bootstrap/tap.mjs';

/**
 * @param {string} checkout folder of the clone
 * @param {{ tests: boolean, mysql?: boolean, env: NodeJS.ProcessEnv }} options `tests`: also what only `npm test` needs; `mysql`: also MySQL
 */
export async function bootstrap(checkout, options) {
  const steps = [
    { done: () => packagesAreInstalled(checkout), make: () => installPackages(checkout) },
    { done: () => serversAreThere(checkout, options.env), make: () => unpackServers(checkout) },
    { done: () => !options.tests || tapIsBuilt(checkout), make: () => buildTap(checkout) },
    { done: () => !options.mysql || mysqlIsThere(checkout), make: () => unpackMysql(checkout) },
  ];
  if (!steps.every((step) => step.done())) {
    makeDataFolder(checkout);
    // Two starts at once must not install into each other: the second waits, and then finds everything done.
    await withLock(join(checkout, '.data/bootstrap.lock'), async () => {
      for (const step of steps) if (!step.done()) await step.make();
    });
  }
  checkNode(checkout);
}

function makeDataFolder(checkout) {
  try {
    mkdirSync(join(checkout, '.data'), { recursive: true });
  } catch (error) {
    throw new Stopped(`cannot write to ${checkout} (${error.code}): clone the project into a folder of your own.`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const checkout = resolve(import.meta.dirname ?? '.', '..');
  try {
    await bootstrap(checkout, { tests: process.argv.includes('--tests'), mysql: process.argv.includes('--mysql'), env: process.env });
  } catch (error) {
    explain(error);
    process.exitCode = 1;
  }
}
