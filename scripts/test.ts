// `npm test [-- files …]`: private servers, then the house rules, the types and every suite. The last line says how many passed.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startMariadb, startRedis } from '@onsale/services';

const CHECKOUT = resolve(import.meta.dirname, '..');
const RUNS = join(CHECKOUT, '.data/tests');
/** A suite that hangs ends the run; tap ends a single file after its own limit. */
const SUITES_MS = 30 * 60_000;
const CHECK_MS = 5 * 60_000;
const PROGRESS_MS = 15_000;
const MARIADB_SIZES = { redoMb: 256, bufferPoolMb: 512, maxConnections: 500 };

type Tally = { passed: number; failed: number; skipped: number };

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Runs one of our own programs; its output appears when it fails, or at once with `shown`. Resolves to its exit code. */
function run(args: readonly string[], options: { env: NodeJS.ProcessEnv; limitMs: number; shown: boolean }): Promise<number> {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, { cwd: CHECKOUT, env: options.env, stdio: options.shown ? 'inherit' : ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => (output += bytes.toString()));
    const patience = setTimeout(() => {
      say(`not ended after ${options.limitMs / 60_000} minutes: stopped`);
      child.kill('SIGKILL');
    }, options.limitMs);
    child.once('close', (code) => {
      clearTimeout(patience);
      if (code !== 0 && output !== '') say(output.trimEnd());
      done(code ?? 1);
    });
  });
}

/** One check is one test. */
async function check(name: string, args: readonly string[], tally: Tally): Promise<void> {
  const code = await run(args, { env: process.env, limitMs: CHECK_MS, shown: false });
  say(`${code === 0 ? 'ok' : 'not ok'} - ${name}`);
  if (code === 0) tally.passed += 1;
  else tally.failed += 1;
}

async function runSuites(files: readonly string[], env: NodeJS.ProcessEnv, tally: Tally): Promise<void> {
  const report = join(CHECKOUT, '.tap', `all-${process.pid}.tap`);
  const began = performance.now();
  const progress = setInterval(() => {
    const { passed, failed } = filesOf(textOf(report));
    say(`… ${passed + failed} files done, ${failed} of them failed (${Math.round((performance.now() - began) / 1000)} s)`);
  }, PROGRESS_MS);
  const args = [join(CHECKOUT, 'node_modules/tap/dist/esm/run.mjs'), '--reporter=terse', `--output-file=${report}`, ...files];
  const code = await run(args, { env, limitMs: SUITES_MS, shown: true });
  clearInterval(progress);
  const counts = countsOf(textOf(report));
  rmSync(report, { force: true });
  tally.passed += counts.passed;
  tally.failed += counts.failed;
  tally.skipped += counts.skipped;
  // tap also fails without a failed test: no file found, a file that was stopped, its own crash.
  if (code !== 0 && counts.failed === 0) tally.failed += 1;
}

/** Files are the lines of TAP that are not indented. */
function filesOf(tap: string): { passed: number; failed: number } {
  return { passed: tap.match(/^ok \d/gm)?.length ?? 0, failed: tap.match(/^not ok \d/gm)?.length ?? 0 };
}

/** tap's closing line: `# { total: 15, pass: 12, fail: 1, todo: 1, skip: 1 }`. */
function countsOf(tap: string): Tally {
  const line = [...tap.matchAll(/^# (\{ .* \})$/gm)].at(-1)?.[1] ?? '';
  const count = (name: string): number => Number(new RegExp(`\\b${name}: (\\d+)`).exec(line)?.[1] ?? 0);
  return { passed: count('pass'), failed: count('fail'), skipped: count('skip') + count('todo') };
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** A folder of this run; folders of runs that were killed are removed. */
function makeRunFolder(): string {
  mkdirSync(RUNS, { recursive: true });
  for (const name of readdirSync(RUNS)) {
    if (!existsSync(`/proc/${name.split('-')[0]}`)) rmSync(join(RUNS, name), { recursive: true, force: true });
  }
  return mkdtempSync(join(RUNS, `${process.pid}-`));
}

async function main(): Promise<void> {
  const files = process.argv.slice(2);
  const folder = makeRunFolder();
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1)); // the servers end with us
  const ownRedis = process.env['REDIS_URL'] ? undefined : startRedis({ dir: join(folder, 'redis') });
  const ownMariadb = process.env['DATABASE_URL'] ? undefined : startMariadb({ dir: join(folder, 'mariadb'), rights: 'everything', ...MARIADB_SIZES });
  const [redis, mariadb] = await Promise.all([ownRedis, ownMariadb]);
  const env = { ...process.env, REDIS_URL: redis?.url ?? process.env['REDIS_URL'], DATABASE_URL: mariadb?.url ?? process.env['DATABASE_URL'], ONSALE_DATA: folder };
  try {
    if (files.length === 0) {
      await Promise.all([
        check('tidy: the house rules', ['--disable-warning=ExperimentalWarning', 'scripts/tidy.ts'], tally),
        check('types', ['node_modules/typescript/bin/tsc', '--noEmit'], tally),
      ]);
    }
    await runSuites(files, env, tally);
  } finally {
    await Promise.all([redis?.stop(), mariadb?.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
  say(`${tally.passed} passed, ${tally.failed} failed${tally.skipped > 0 ? `, ${tally.skipped} skipped` : ''}`);
  process.exit(tally.failed === 0 ? 0 : 1);
}

await main();
