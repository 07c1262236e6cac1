// `npm start`: the whole system on one machine. Life of the launcher: scripts/README.md.
import { spawnSync } from 'node:child_process';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join, resolve } from 'node:path';
import { commandLine } from './command-line.ts';
import { CHECKOUT } from './start/checkout.ts';

const startedAt = performance.now();
const { options: { database } } = commandLine({
  run: 'npm start',
  does: 'Starts the whole system on this machine; Ctrl-C stops it. Settings come from the environment: PORT, HOST, ONSALE_DATA, REDIS_URL, DATABASE_URL.',
  options: {
    database: { is: 'text', oneOf: ['mariadb', 'mysql'], normally: 'mariadb', says: 'the private server, mariadb or mysql, should DATABASE_URL name none' },
  },
});
const dataFolder = resolve(CHECKOUT, process.env['ONSALE_DATA'] || '.data');
enableCompileCache(join(dataFolder, 'compile-cache'));
const { claimDataFolder } = await import('./start/data-folder.ts');
const { choosePorts, StartRefused } = await import('./start/ports.ts');
const { openSystem } = await import('./start/system.ts');
const { watchParents } = await import('./start/parent.ts');

const say = (line: string): void => void process.stdout.write(`${line}\n`);
/** Ctrl-C reaches us twice, from the terminal and from npm; only one that comes later is impatience. */
const IMPATIENCE_MS = 2_000;
/** Everything is bounded by itself; this bounds the whole. */
const STOP_MS = 45_000;

let system: ReturnType<typeof openSystem> | undefined;
let stopping: { readonly since: number } | undefined;

async function stop(why: string, exitCode: number): Promise<void> {
  if (stopping) {
    if (performance.now() - stopping.since > IMPATIENCE_MS) process.exit(1); // the kernel ends our children with us
    return;
  }
  stopping = { since: performance.now() };
  say(`\n${why}; stopping …`);
  setTimeout(() => process.exit(1), STOP_MS).unref();
  await system?.stop();
  say('stopped');
  process.exit(exitCode);
}

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(signal === 'SIGINT' ? 'Ctrl-C' : signal, 0));
  // A console that is gone (its reader was killed) must not end us before our children.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  watchParents(process.env, () => void stop('npm is gone', 1));
  // MariaDB is there since `prestart`; MySQL is unpacked by who asks for it first.
  const unpack = (): boolean => spawnSync(process.execPath, ['scripts/bootstrap.mjs', '--mysql'], { cwd: CHECKOUT, stdio: 'inherit' }).status === 0;
  if (database === 'mysql' && !unpack()) process.exit(1);
  const claim = await claimDataFolder(dataFolder);
  process.on('exit', () => claim.release());
  const host = process.env['HOST'] || '127.0.0.1';
  const ports = await choosePorts(process.env['PORT'], host);
  system = openSystem({ environment: process.env, dataFolder, database, host, ports, say, onHopeless: (why) => void stop(why, 1) });
  const { addresses, operator, demonstration } = await system.start();
  if (demonstration === 'made') say('The demonstration was made: room "demo", 15,000 seats.');
  const signIn = operator ? `   sign in as "${operator.name}" with ${operator.password}` : '';
  const sandbox = operator ? `\n  sandbox   ${addresses.sandbox}   (stands in for the payment provider)` : '';
  say(`
  fans      ${addresses.fans}
  ops       ${addresses.ops}${signIn}${sandbox}

Ready in ${((performance.now() - startedAt) / 1000).toFixed(1)} s. Logs: ${join(dataFolder, 'logs')}. Ctrl-C stops everything.`);
  flushCompileCache();
}

main().catch(async (error: unknown) => {
  if (stopping) return;
  process.stderr.write(`onsale: ${error instanceof StartRefused ? error.message : ((error as Error).stack ?? error)}\n`);
  await system?.stop();
  process.exit(1);
});
