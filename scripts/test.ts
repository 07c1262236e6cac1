// `npm test [-- [--database mysql] files …]`: private servers, then the house rules, the types and every suite. The last line says how many passed.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { ENGINE_VARIABLE, startRedis, startDatabase, type DatabaseEngine } from '@onsale/services';
import { readArguments } from './suites/arguments.ts';
import { checkStatements, recorderEnvironment } from './suites/check-statements.ts';
import { countsOf, readTap } from './suites/tap-report.ts';

const CHECKOUT = resolve(import.meta.dirname, '..');
const RUNS = join(CHECKOUT, '.data/tests');
/** Every test file is a process that loads much the same modules: the first one compiles them for all, and for the runs that follow. */
const COMPILE_CACHE = join(CHECKOUT, '.data/test-compile-cache');
/** A suite that hangs ends the run; tap ends a single file after its own limit. */
const SUITES_MS = 30 * 60_000;
const CHECK_MS = 5 * 60_000;
const PROGRESS_MS = 15_000;
const LOOK_MS = 500;
const DATABASE_SIZES = { redoMb: 256, bufferPoolMb: 512, maxConnections: 500 };

type Tally = { passed: number; failed: number; skipped: number };

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Runs one of our own programs; its output appears when it fails; with `errorsOnly` only what it says on stderr, at once. Resolves to its exit code. */
function run(args: readonly string[], options: { env: NodeJS.ProcessEnv; limitMs: number; errorsOnly: boolean }): Promise<number> {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, {
      cwd: CHECKOUT,
      env: options.env,
      stdio: options.errorsOnly ? ['ignore', 'ignore', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    });
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
  const code = await run(args, { env: process.env, limitMs: CHECK_MS, errorsOnly: false });
  report(name, code === 0 ? [] : ['see above'], tally);
}

function report(name: string, wrong: readonly string[], tally: Tally): void {
  say([`${wrong.length === 0 ? 'ok' : 'not ok'} - ${name}`, ...wrong.map((line) => `  ✗ ${line}`)].join('\n'));
  if (wrong.length === 0) tally.passed += 1;
  else tally.failed += 1;
}

async function runSuites(files: readonly string[], env: NodeJS.ProcessEnv, tally: Tally): Promise<void> {
  mkdirSync(join(CHECKOUT, '.tap'), { recursive: true });
  const report = join(CHECKOUT, '.tap', `all-${process.pid}.tap`);
  writeFileSync(report, '');
  const began = performance.now();
  const tap = readTap();
  const decoder = new StringDecoder('utf8');
  let [shown, quietSince] = [0, performance.now()];
  const look = (): void => {
    const bytes = readFileSync(report);
    for (const file of tap.add(decoder.write(bytes.subarray(shown)))) {
      say([file.line, ...file.failures.map((failure) => `  ✗ ${failure}`), ...file.skips.map((skip) => `  skipped: ${skip}`)].join('\n'));
      quietSince = performance.now();
    }
    shown = bytes.length;
    if (performance.now() - quietSince < PROGRESS_MS) return;
    say(`… ${Math.round((performance.now() - began) / 1000)} s`);
    quietSince = performance.now();
  };
  const timer = setInterval(look, LOOK_MS);
  const args = [join(CHECKOUT, 'node_modules/tap/dist/esm/run.mjs'), '--reporter=tap', `--output-file=${report}`, ...files];
  const code = await run(args, { env, limitMs: SUITES_MS, errorsOnly: true });
  clearInterval(timer);
  look();
  const counts = countsOf(readFileSync(report, 'utf8'));
  rmSync(report, { force: true });
  tally.passed += counts.passed;
  tally.failed += counts.failed;
  tally.skipped += counts.skipped;
  // tap also fails without a failed test: no file found, a file that was stopped, its own crash.
  if (code !== 0 && counts.failed === 0) tally.failed += 1;
}

/** A folder of this run; folders of runs that were killed are removed. */
function makeRunFolder(): string {
  mkdirSync(RUNS, { recursive: true });
  for (const name of readdirSync(RUNS)) {
    if (!existsSync(`/proc/${name.split('-')[0]}`)) rmSync(join(RUNS, name), { recursive: true, force: true });
  }
  return mkdtempSync(join(RUNS, `${process.pid}-`));
}

/** MariaDB is there since `pretest`; MySQL is unpacked by who asks for it first. */
async function openDatabase(engine: DatabaseEngine, folder: string): ReturnType<typeof startDatabase> {
  if (engine === 'mysql') {
    const code = await run(['scripts/bootstrap.mjs', '--mysql'], { env: process.env, limitMs: CHECK_MS, errorsOnly: true });
    if (code !== 0) process.exit(1);
  }
  return startDatabase({ dir: join(folder, 'database'), rights: 'everything', ...DATABASE_SIZES }, engine);
}

async function main(): Promise<void> {
  const { database: engine, statements, rest } = readArguments(process.argv.slice(2));
  const folder = makeRunFolder();
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1)); // the servers end with us
  const ownRedis = process.env['REDIS_URL'] ? undefined : startRedis({ dir: join(folder, 'redis') });
  const ownDatabase = process.env['DATABASE_URL'] ? undefined : openDatabase(engine, folder);
  const [redis, database] = await Promise.all([ownRedis, ownDatabase]);
  const env = {
    ...process.env,
    REDIS_URL: redis?.url ?? process.env['REDIS_URL'],
    DATABASE_URL: database?.url ?? process.env['DATABASE_URL'],
    [ENGINE_VARIABLE]: engine,
    ONSALE_DATA: folder,
    NODE_COMPILE_CACHE: COMPILE_CACHE,
  };
  try {
    if (rest.length === 0) {
      await Promise.all([
        check('tidy: the house rules', ['--disable-warning=ExperimentalWarning', 'scripts/tidy.ts'], tally),
        check('types', ['node_modules/typescript/bin/tsc', '--noEmit'], tally),
        check('types of pages', ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'apps/web/tsconfig.json'], tally),
      ]);
    }
    const judged = database !== undefined && (statements || rest.length === 0);
    const recorded = join(folder, 'statements');
    mkdirSync(recorded);
    await runSuites(rest, judged ? { ...env, ...recorderEnvironment(recorded) } : env, tally);
    if (judged) {
      const { wrong, told } = await checkStatements(database.url, recorded, rest.length === 0);
      report('every statement finds its rows by an index', wrong, tally);
      for (const line of told) say(`  ${line}`);
    }
  } finally {
    await Promise.all([redis?.stop(), database?.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
  say(`${tally.passed} passed, ${tally.failed} failed${tally.skipped > 0 ? `, ${tally.skipped} skipped` : ''}`);
  process.exit(tally.failed === 0 ? 0 : 1);
}

await main();
