import { createFailureLimiter, createProofChecks, type Checked, type ProofCheckBounds, type ProofCheckOptions } from '@onsale/kernel';
import t from 'tap';

const LIMITS = { burst: 3, perMinute: 60, sourcesMax: 100 };
const BOUNDS: ProofCheckBounds = { atOnce: 2, waitingMax: 8, waitMaxMs: 1_000, suspectsWaitingMax: 3, suspectPauseMs: 50 };

/** Checks whose works are finished, and whose sleeps end, by hand. */
function stage(options: Partial<ProofCheckBounds> & Pick<ProofCheckOptions, 'sourceOf'> = {}) {
  let nowMs = 0;
  const failures = createFailureLimiter(LIMITS);
  const sleeps: { readonly ms: number; readonly end: () => void }[] = [];
  const running: { readonly who: string; readonly end: (answer: 'sound' | 'forged') => void; readonly fail: (error: Error) => void }[] = [];
  const sleep = (ms: number): Promise<void> => new Promise((end) => { sleeps.push({ ms, end }); });
  const checks = createProofChecks({ ...BOUNDS, ...options, failures, clock: () => nowMs, sleep });
  const ask = (who: string): Promise<Checked<string>> =>
    checks.check(who, () => new Promise<string>((end, fail) => { running.push({ who, end, fail }); }), (answer) => answer === 'forged');
  const settle = (): Promise<void> => new Promise((done) => { setImmediate(done); });
  const end = async (answer: 'sound' | 'forged'): Promise<string> => {
    const first = running.shift();
    first?.end(answer);
    await settle();
    return first?.who ?? 'nobody';
  };
  const endSleep = async (ms: number): Promise<void> => {
    const at = sleeps.findIndex((one) => one.ms === ms);
    sleeps.splice(at, 1)[0]?.end();
    await settle();
  };
  const makeSuspect = (who: string): void => { for (let index = 0; index < LIMITS.burst; index += 1) failures.fail(who, 0); };
  const wait = (ms: number): void => { nowMs += ms; };
  return { checks, ask, end, endSleep, makeSuspect, failures, running, sleeps, wait };
}

t.test('the check comes first: a sound proof of a source past its allowance passes, a forged one counts', async (t) => {
  const { ask, end, endSleep, makeSuspect, failures } = stage();
  for (let index = 1; index <= 4; index += 1) {
    const asked = ask('a');
    await end('forged');
    t.same(await asked, { kind: 'checked', answer: 'forged', waitMs: index < 4 ? 0 : 1_000 });
  }
  await endSleep(BOUNDS.suspectPauseMs);
  makeSuspect('b');
  const sound = ask('b');
  await end('sound');
  t.same(await sound, { kind: 'checked', answer: 'sound', waitMs: 0 });
  t.equal(failures.waitOf('b', 0), 1_000, 'it is not forgiven for that');
});

t.test('our own fault counts against nobody', async (t) => {
  const { ask, running, failures, end } = stage();
  for (let index = 0; index < 10; index += 1) {
    const asked = ask('a');
    running.shift()?.fail(new Error('the store is away'));
    await t.rejects(asked, /away/);
  }
  t.equal(failures.size, 0);
  const next = ask('a');
  await end('sound');
  t.match(await next, { answer: 'sound' }, 'and the slots are given back');
});

t.test('sources take turns; a suspect comes last, one at a time, with a pause', async (t) => {
  const { ask, end, endSleep, makeSuspect, running, sleeps } = stage();
  makeSuspect('s');
  const all = ['a', 'a', 'a', 'a', 's', 's', 'b'].map(ask);
  const order: string[] = [];
  for (let index = 0; index < 6; index += 1) order.push(await end('sound'));
  t.same(order, ['a', 'a', 'a', 'b', 'a', 's'], 'b does not wait for all of a; s for everybody');
  t.equal(running.length, 0, 'the second suspect waits out the pause');
  t.ok(sleeps.some(({ ms }) => ms === BOUNDS.suspectPauseMs));
  const good = ask('c');
  t.equal(running.length, 1, 'which nobody else does');
  await end('sound');
  await good;
  await endSleep(BOUNDS.suspectPauseMs);
  t.equal(await end('sound'), 's');
  await Promise.all(all);
});

t.test('when too many wait, the source with most of them gives up; suspects have less room; no wait is for ever', async (t) => {
  const { ask, end, endSleep, makeSuspect, checks } = stage();
  const flood = Array.from({ length: 20 }, () => ask('flood'));
  t.equal(checks.waiting, 8);
  const neighbour = ask('neighbour');
  t.equal(checks.waiting, 8, 'one of the flood gave way');
  makeSuspect('s');
  const late = ask('s');
  t.equal(checks.waiting, 8);
  for (let index = 0; index < 11; index += 1) await end('sound');
  t.match(await neighbour, { kind: 'checked' });
  t.match(await late, { kind: 'checked' });
  t.equal((await Promise.all(flood)).filter(({ kind }) => kind === 'busy').length, 12);

  makeSuspect('r');
  const blocking = [ask('a'), ask('b')];
  const suspects = Array.from({ length: 5 }, () => ask('r'));
  t.same(await Promise.all(suspects.slice(3)), [{ kind: 'busy', waitMs: 1_000 }, { kind: 'busy', waitMs: 1_000 }]);
  for (let index = 0; index < 40; index += 1) await endSleep(BOUNDS.waitMaxMs);
  t.same(await Promise.all(suspects.slice(0, 3)), Array.from({ length: 3 }, () => ({ kind: 'busy', waitMs: 1_000 })));
  t.equal(checks.waiting, 0);
  await end('sound');
  await end('sound');
  await Promise.all(blocking);
});

t.test('whose turn did not come because of what it had forged is told to wait, though its allowance has come back meanwhile', async (t) => {
  const { ask, end, endSleep, makeSuspect, wait, checks } = stage();
  const blocking = [ask('a'), ask('b')];
  makeSuspect('s');
  const asSuspect = ask('s');
  wait(2_000);
  const afterwards = [ask('s'), ask('c')];
  for (let index = 0; index < 3; index += 1) await endSleep(BOUNDS.waitMaxMs);
  t.same(await asSuspect, { kind: 'busy', waitMs: 1_000 });
  t.same(await Promise.all(afterwards), Array(2).fill({ kind: 'busy', waitMs: 0 }), 'these waited for others');
  t.equal(checks.waiting, 0);
  for (let index = 0; index < 2; index += 1) await end('sound');
  await Promise.all(blocking);

  const forgeries = Array.from({ length: 6 }, () => ask('f'));
  for (let index = 0; index < 3; index += 1) await end('forged');
  wait(2_000);
  for (let index = 0; index < 4; index += 1) await endSleep(BOUNDS.waitMaxMs);
  t.same(await forgeries.at(-1), { kind: 'busy', waitMs: 1_000 }, 'a suspect only since it waits');
  for (let index = 0; index < 2; index += 1) await end('sound');
  await Promise.all(forgeries);
});

t.test('a suspect with many waiting gives one up for a suspect with none', async (t) => {
  const { ask, end, endSleep, makeSuspect } = stage();
  for (const who of ['many', 'few']) makeSuspect(who);
  const blocking = [ask('a'), ask('b')];
  const many = Array.from({ length: 5 }, () => ask('many'));
  const few = ask('few');
  t.equal((await Promise.all(many.slice(2))).filter(({ kind }) => kind === 'busy').length, 3, 'two refused, one given up');
  for (let index = 0; index < 2; index += 1) await end('sound');
  await Promise.all(blocking);
  const order = [await end('sound')];
  for (let index = 0; index < 2; index += 1) {
    await endSleep(BOUNDS.suspectPauseMs);
    order.push(await end('sound'));
  }
  t.same(order.sort(), ['few', 'many', 'many']);
  t.match(await few, { kind: 'checked' });
});

t.test('nobody who waits is given up for another who has no fewer', async (t) => {
  const { ask, end } = stage();
  const waiting = Array.from({ length: 10 }, (_, index) => ask(`source ${index}`));
  t.same(await ask('one more'), { kind: 'busy', waitMs: 0 });
  for (let index = 0; index < 10; index += 1) await end('sound');
  t.ok((await Promise.all(waiting)).every(({ kind }) => kind === 'checked'));
});

const NAMES = Array.from({ length: 20 }, (_, index) => `guessed ${index}@guilty`);
t.test('many names from one source have one turn and one share of the room; a name of that source has its turn among them', async (t) => {
  const { ask, end } = stage({ sourceOf: (who) => who.replace(/^.*@/, '') });
  const guesses = NAMES.map(ask);
  const [neighbour, colleague] = [ask('own@neighbour'), ask('own@guilty')];
  const order: string[] = [];
  for (let index = 0; index < 4; index += 1) order.push(await end('forged'));
  t.ok(order.includes('own@neighbour'), order.join(', '));
  t.match(await neighbour, { kind: 'checked' });
  t.same(await colleague, { kind: 'busy', waitMs: 0 }, 'who has one guess waiting gives it up for nobody');
  for (let index = 0; index < 6; index += 1) await end('forged');
  await Promise.all(guesses);
});

t.test('control: counted as so many sources, the same names keep everybody else out', async (t) => {
  const { ask, end } = stage();
  const guesses = NAMES.map(ask);
  t.same(await ask('own@neighbour'), { kind: 'busy', waitMs: 0 });
  for (let index = 0; index < 10; index += 1) await end('forged');
  await Promise.all(guesses);
});

t.test('one name guessed many times leaves room for another name of its source', async (t) => {
  const { ask, end } = stage({ sourceOf: (who) => who.replace(/^.*@/, '') });
  const guesses = Array.from({ length: 20 }, () => ask('guessed@office'));
  const colleague = ask('own@office');
  const order: string[] = [];
  for (let index = 0; index < 4; index += 1) order.push(await end('sound'));
  t.ok(order.includes('own@office'), order.join(', '));
  t.match(await colleague, { kind: 'checked' });
  for (let index = 0; index < 6; index += 1) await end('sound');
  await Promise.all(guesses);
});
