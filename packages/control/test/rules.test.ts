import t from 'tap';
import { MINUTE_MS, SECOND_MS, SHOWS_PER_ROOM_MAX, type RoomId, type ShowId } from '@onsale/kernel';
import {
  BOUNDS, changeSettings, checkSettings, DEFAULT_SETTINGS, differenceOf, type RoomPatch, type RoomPhase, type RoomSettings,
} from '../src/index.ts';
import { PACES, pauseLeftMs } from '../src/rules/sign-in-pace.ts';
import { createSignInFailures, createSignInThrottle } from '../src/sign-in-throttle.ts';
import { canonicalName } from '../src/store/operators.ts';

const settings: RoomSettings = { ...DEFAULT_SETTINGS, room: 'demo' as RoomId, name: { ko: '데모', en: 'Demo' }, shows: ['demo' as ShowId] };

t.test('the defaults are sound', async (t) => t.same(checkSettings(settings), { ok: true, value: settings }));

t.test('every bound holds at both of its ends', async (t) => {
  for (const [name, { least, most }] of Object.entries(BOUNDS)) {
    const field = name as keyof typeof BOUNDS;
    // Tokens and sessions bound each other; keep that relation out of the way.
    const base = { ...settings, entryTokenMs: BOUNDS.entryTokenMs.least, sessionMaxMs: BOUNDS.sessionMaxMs.most };
    for (const value of [least, most]) t.equal(checkSettings({ ...base, [field]: value }).ok, true, `${field} ${value}`);
    for (const value of [least - 1, most + 1, least + 0.5, Number.NaN, '5' as never]) {
      t.match(checkSettings({ ...base, [field]: value }), { ok: false, refusal: { kind: 'bad-setting', field, least, most } }, `${field} ${value}`);
    }
    t.equal(checkSettings({ ...base, [field]: null }).ok, ['opensAtMs', 'ratePerMinute', 'capacity'].includes(field), `${field} null`);
  }
});

t.test('what is not a number', async (t) => {
  const bad: [keyof RoomPatch, unknown][] = [
    ['name', { ko: ' ', en: 'x' }], ['name', { ko: 'x'.repeat(201), en: 'x' }], ['name', { ko: 'x' }], ['shows', []], ['shows', ['a', 'a']],
    ['shows', Array.from({ length: SHOWS_PER_ROOM_MAX + 1 }, (_, index) => `s${index}`)],
    ['phase', 'lobby'], ['phase', 'toString'], ['identity', 'ip'], ['rejoin', 1],
    ['entryTokenMs', settings.sessionMaxMs + 1],
  ];
  for (const [field, value] of bad) {
    t.match(checkSettings({ ...settings, [field]: value }), { refusal: { kind: 'bad-setting', field } }, `${field} ${JSON.stringify(value)}`);
  }
});

t.test('phases: scheduled → open ⇄ paused → closed', async (t) => {
  const phases: RoomPhase[] = ['scheduled', 'open', 'paused', 'closed'];
  const allowed = new Set(['scheduled>open', 'scheduled>closed', 'open>paused', 'open>closed', 'paused>open', 'paused>closed']);
  for (const from of phases) {
    for (const to of phases) {
      const changed = changeSettings({ ...settings, phase: from }, { phase: to });
      if (from === to) t.match(changed, { ok: true, value: { version: 1 } });
      else if (allowed.has(`${from}>${to}`)) t.match(changed, { ok: true, value: { phase: to, version: 2 } }, `${from}>${to}`);
      else t.same(changed, { ok: false, refusal: { kind: 'phase-not-allowed', from, to } }, `${from}>${to}`);
    }
  }
});

t.test('a patch changes what it names and nothing else', async (t) => {
  const changed = changeSettings(settings, { ratePerMinute: null, name: { ko: '새 이름', en: 'New' } });
  t.same(changed, { ok: true, value: { ...settings, ratePerMinute: null, name: { ko: '새 이름', en: 'New' }, version: 2 } });
  t.equal((changeSettings(settings, {}) as { value: unknown }).value, settings);
  const same = changeSettings(settings, { capacity: 500, name: { en: 'Demo', ko: '데모' }, shows: ['demo' as ShowId] });
  t.equal((same as { value: unknown }).value, settings, 'the same values change nothing');
  const sly = { version: 9, epoch: 9, room: 'other', constructor: 1, ratePerMinute: 60 } as RoomPatch;
  t.same(changeSettings(settings, sly), { ok: true, value: { ...settings, ratePerMinute: 60, version: 2 } }, 'unknown and foreign fields are not taken');
  t.same(differenceOf(settings, { ...settings, capacity: null, version: 2 }), { before: { capacity: 500, version: 1 }, after: { capacity: null, version: 2 } });
});

t.test('what fans have joined under is fixed once the room has opened', async (t) => {
  const open: RoomSettings = { ...settings, phase: 'open' };
  t.same(changeSettings(open, { identity: 'account' }), { ok: false, refusal: { kind: 'fixed-once-open', field: 'identity' } });
  t.same(changeSettings(open, { opensAtMs: 5 }), { ok: false, refusal: { kind: 'fixed-once-open', field: 'opensAtMs' } });
  t.equal(changeSettings(settings, { identity: 'account', opensAtMs: 5 }).ok, true);
  t.equal(changeSettings(settings, { phase: 'open', identity: 'account' }).ok, true, 'together with opening it is still in time');
});

const tried = (name: string, source: string): string => JSON.stringify({ name, source });

t.test('who has failed too often is a suspect for a while', async (t) => {
  const failures = createSignInFailures();
  const kim = tried('kim', '10.0.0.1');
  for (let index = 0; index < 5; index += 1) {
    t.equal(failures.waitOf(kim, 0), 0, `free try ${index}`);
    failures.fail(kim, 0);
  }
  t.equal(failures.waitOf(kim, 0), SECOND_MS);
  t.equal(failures.waitOf(tried('kim', '10.0.0.2'), 0), 0, 'another source is another count');
  t.equal(failures.waitOf(kim, SECOND_MS), 0);
  failures.fail(kim, SECOND_MS);
  t.equal(failures.waitOf(kim, SECOND_MS), 2 * SECOND_MS, 'pauses double');
  failures.succeeded(kim);
  t.equal(failures.waitOf(kim, SECOND_MS), 0, 'who got in starts anew');
  t.equal(pauseLeftMs({ failures: 5_000, lastMs: 0 }, PACES.nameAndSource, 0), 5 * MINUTE_MS);
  t.equal(pauseLeftMs({ failures: 5_000, lastMs: 0 }, PACES.nameAndSource, 15 * MINUTE_MS), 0, 'forgotten');
});

t.test('guessing many names from one source, and one name from many, is counted; a source that has not failed pays for nobody', async (t) => {
  const failures = createSignInFailures();
  for (let index = 0; index < 20; index += 1) failures.fail(tried(`name${index}`, 'one'), 0);
  t.ok(failures.waitOf(tried('new', 'one'), 0) > 0);
  for (let index = 0; index < 60; index += 1) failures.fail(tried('park', `source${index}`), 0);
  t.ok(failures.waitOf(tried('park', 'source7'), 0) > 0, 'each of sixty sources tried once, at one name');
  t.equal(failures.waitOf(tried('park', 'their own'), 0), 0, 'the operator is not locked out of a good source');
  for (let index = 0; index < 30; index += 1) {
    failures.succeeded(tried('own', 'two'));
    failures.fail(tried(`other${index}`, 'two'), 0);
  }
  t.ok(failures.waitOf(tried('own', 'two'), 0) > 0, 'signing in with a password one knows does not pay for guesses');
});

t.test('a flood of invented names from one source takes no other source its turn', async (t) => {
  const throttle = createSignInThrottle(() => 0, () => new Promise(() => undefined));
  const hashes: (() => void)[] = [];
  const hash = (): Promise<'wrong'> => new Promise((done) => { hashes.push(() => done('wrong')); });
  const answers = Array.from({ length: 40 }, (_, index) => throttle.check({ name: `invented ${index}`, source: 'guilty' }, hash, () => true));
  const neighbour = throttle.check({ name: 'kim', source: 'neighbour' }, async () => 'right', () => false);
  hashes.shift()?.();
  hashes.shift()?.();
  t.match(await neighbour, { kind: 'checked', answer: 'right', waitMs: 0 });
  t.equal((await answers[39])?.kind, 'busy', 'the guesses beyond the room were refused at once');
});

t.test('one name, however it is typed', async (t) => {
  const typed = ['operator', 'operator ', ' Operator', 'OPERATOR\t', '\uff4fperator', 'operator\u00a0'];
  for (const same of typed) t.equal(canonicalName(same), 'operator', JSON.stringify(same));
  t.equal(canonicalName('김'.normalize('NFD')), canonicalName('김'));
  t.not(canonicalName('operat0r'), 'operator');
});
