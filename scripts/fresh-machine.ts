// `node scripts/fresh-machine.ts [--no-tests] [--only root|user]`: clones the last commit into a temporary folder and does what a stranger
// does: npm start, the queue page, Ctrl-C, starting again, kill -9 of npm, of the launcher and of every app, npm test; as root and as an
// ordinary user made for it. Needs root, for that user. Prints a table; exit code 1 when anything is not as promised.
import { get } from 'node:http';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { INSIDE } from '@onsale/contract/inside';
import { commandLine } from './command-line.ts';
import { cloneFor, leftOver, makeUser, type Account, type Clone, type Run } from './fresh/machine.ts';

const CHECKOUT = resolve(import.meta.dirname, '..');
const FIRST_START_MAX_S = 90;
const SECOND_START_MAX_S = 3;
const AGAIN = 5;
const START_LIMIT_MS = 5 * 60_000;
const TEST_LIMIT_MS = 60 * 60_000;
const GONE_WITHIN_MS = 20_000;
const BACK_WITHIN_MS = 30_000;
const READY_FOR_MS = 2_000;

type Addresses = { gateway: string; internal: Record<string, string>; processes: Record<string, number> };
type Result = { readonly who: string; readonly what: string; readonly good: boolean; readonly detail: string };
const results: Result[] = [];

function note(clone: Clone, what: string, good: boolean, detail: string): void {
  results.push({ who: clone.who, what, good, detail });
  process.stdout.write(`${good ? 'ok    ' : 'NOT OK'} ${clone.who.padEnd(14)} ${what}: ${detail}\n`);
}

/** `npm start` until the queue page is served; seconds from the command to the page. */
async function start(clone: Clone): Promise<{ run: Run; seconds: number; addresses: Addresses }> {
  const began = performance.now();
  const run = clone.run('npm', ['start']);
  let ended: number | string | undefined;
  void run.ended.then((how) => (ended = how));
  while (performance.now() - began < START_LIMIT_MS && ended === undefined) {
    const addresses = readAddresses(clone);
    if (addresses && run.output().includes('Ready in') && (await servesQueuePage(addresses.gateway))) {
      return { run, seconds: (performance.now() - began) / 1000, addresses };
    }
    await sleep(10);
  }
  run.process.kill('SIGKILL');
  throw new Error(`npm start did not get ready (${ended ?? 'too slow'}):\n${run.output()}`);
}

function readAddresses(clone: Clone): Addresses | undefined {
  try {
    return JSON.parse(readFileSync(join(clone.folder, '.data/addresses.json'), 'utf8')) as Addresses;
  } catch {
    return undefined;
  }
}

const servesQueuePage = async (gateway: string): Promise<boolean> => /<html/i.test(await textOf(`${gateway}/rooms/demo`));
const isReady = async ({ internal }: Addresses): Promise<boolean> => (await textOf(`${internal['web']}${INSIDE.ready}`)) !== '';

/** The body of a 200, else nothing. */
function textOf(url: string): Promise<string> {
  return new Promise((done) => {
    const request = get(url, { timeout: 2_000, agent: false }, (response) => {
      let text = '';
      response.on('data', (bytes: Buffer) => (text += bytes.toString()));
      response.on('end', () => done(response.statusCode === 200 ? text : ''));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => done(''));
  });
}

/** Ends a run in some way, and looks whether anything of the clone is left. */
async function endsWhole(clone: Clone, what: string, run: Run, end: () => void): Promise<void> {
  const began = performance.now();
  end();
  const left = await leftOver(clone.folder, GONE_WITHIN_MS);
  note(
    clone,
    what,
    left.length === 0,
    left.length === 0 ? `nothing left after ${((performance.now() - began) / 1000).toFixed(1)} s` : `left: ${left.join('; ')}`,
  );
  for (const line of left) process.kill(Number(line.split(' ')[0]), 'SIGKILL');
  await run.ended;
}

/** A terminal sends Ctrl-C to the whole group: npm, its shell, the launcher. */
const ctrlC = (run: Run) => (): void => void process.kill(-(run.process.pid as number), 'SIGINT');

async function starts(clone: Clone): Promise<void> {
  const first = await start(clone);
  note(clone, 'first npm start', first.seconds <= FIRST_START_MAX_S, `queue page after ${first.seconds.toFixed(1)} s (at most ${FIRST_START_MAX_S})`);
  await endsWhole(clone, 'Ctrl-C', first.run, ctrlC(first.run));
  const seconds: number[] = [];
  for (let round = 0; round < AGAIN; round += 1) {
    const again = await start(clone);
    seconds.push(again.seconds);
    await endsWhole(clone, `Ctrl-C, start ${round + 2}`, again.run, ctrlC(again.run));
  }
  const median = seconds.toSorted((one, other) => one - other)[Math.floor(AGAIN / 2)] as number;
  const all = seconds.map((value) => value.toFixed(1)).join(', ');
  note(clone, 'npm start again', median <= SECOND_START_MAX_S, `median ${median.toFixed(1)} s of ${all} (at most ${SECOND_START_MAX_S})`);
}

async function kills(clone: Clone): Promise<void> {
  const byNpm = await start(clone);
  await endsWhole(clone, 'kill -9 of npm', byNpm.run, () => byNpm.run.process.kill('SIGKILL'));
  const byLauncher = await start(clone);
  await endsWhole(clone, 'kill -9 of the launcher', byLauncher.run, () => process.kill(byLauncher.addresses.processes['launcher'] as number, 'SIGKILL'));
  const { run, addresses } = await start(clone);
  for (const name of Object.keys(addresses.processes).filter((process) => process !== 'launcher')) await comesBack(clone, name);
  await endsWhole(clone, 'Ctrl-C after all of that', run, ctrlC(run));
}

/** Ready again: another process under that name, and 200 for longer than any answer may have been remembered. */
async function comesBack(clone: Clone, name: string): Promise<void> {
  const before = readAddresses(clone) as Addresses;
  const began = performance.now();
  process.kill(before.processes[name] as number, 'SIGKILL');
  let since: number | undefined;
  while (performance.now() - began < BACK_WITHIN_MS && !(since !== undefined && performance.now() - since > READY_FOR_MS)) {
    await sleep(50);
    const ready = readAddresses(clone)?.processes[name] !== before.processes[name] && (await isReady(before));
    since = ready ? (since ?? performance.now()) : undefined;
  }
  const seconds = (((since ?? 0) - began) / 1000).toFixed(1);
  note(clone, `kill -9 of ${name}`, since !== undefined, since === undefined ? 'it did not come back' : `everything ready again after ${seconds} s`);
}

async function suite(clone: Clone): Promise<void> {
  const run = clone.run('npm', ['test']);
  const patience = setTimeout(() => run.process.kill('SIGKILL'), TEST_LIMIT_MS);
  const code = await run.ended;
  clearTimeout(patience);
  const last = run.output().trimEnd().split('\n').at(-1) ?? '';
  note(clone, 'npm test', code === 0 && /^\d+ passed, 0 failed/.test(last), last);
  if (code !== 0)
    process.stdout.write(
      `${run
        .output()
        .split('\n')
        .filter((line) => /not ok|✗/.test(line))
        .slice(0, 40)
        .join('\n')}\n`,
    );
  const left = await leftOver(clone.folder, GONE_WITHIN_MS);
  note(clone, 'after npm test', left.length === 0, left.length === 0 ? 'nothing left' : left.join('; '));
}

async function asOne(account: Account, withTests: boolean): Promise<void> {
  const clone = cloneFor(CHECKOUT, account);
  try {
    await starts(clone);
    await kills(clone);
    if (withTests) await suite(clone);
  } catch (error) {
    note(clone, 'stopped', false, (error as Error).message);
  } finally {
    for (const line of await leftOver(clone.folder, 0)) process.kill(Number(line.split(' ')[0]), 'SIGKILL');
    clone.remove();
  }
}

const { options: values } = commandLine({
  run: 'npx node scripts/fresh-machine.ts',
  does: 'Does what a stranger does, in a temporary clone, as root and as an ordinary user.',
  options: { 'no-tests': { is: 'flag', says: 'leaves npm test out' }, only: { is: 'text', says: 'root or user: as one of them alone' } },
});
if (process.getuid?.() !== 0) {
  process.stderr.write('fresh-machine needs root: it makes an ordinary user to try as\n');
  process.exit(2);
}
if (values.only !== 'user') await asOne({ name: 'root', uid: 0, gid: 0 }, !values['no-tests']);
if (values.only !== 'root') {
  const user = makeUser();
  try {
    await asOne(user.account, !values['no-tests']);
  } finally {
    user.remove();
  }
}
const bad = results.filter(({ good }) => !good);
process.stdout.write(`${results.length - bad.length} passed, ${bad.length} failed\n`);
process.exit(bad.length === 0 ? 0 : 1);
