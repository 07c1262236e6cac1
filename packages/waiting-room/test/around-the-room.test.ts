import { createSecretKey, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { placeOf, seededRandom, valueOf, parseRoomId, type Place } from '@onsale/kernel';
import t from 'tap';
import {
  aheadByMarks, BATCH_MAX, checkJournal, checkSettings, forgetRoom, keepPlace, LIMITS, openPlaceFeed,
  readCalled, readFrame, readGauges, readPlace, RECEIPT_LENGTH_MAX, signReceipt, verifyReceipt, waitBand,
  type CalledPlace, type Frame, type JournalEntry, type PaceReading,
} from '../src/index.ts';
import { keysOf } from '../src/keys.ts';
import { loadScript } from '../src/script.ts';
import { contentsOf, fanIn, journalOf, newBinding, newIdentity, openRoom, seedOf, settingsFor, violationsOf } from './room-under-test.ts';

/* What stands around the verbs: loader, receipts, frames and feeds, wait bands, the journal's check. */

const FOLDER = new URL('../', import.meta.url);

t.test('every script has its header, its verb in src and its place in a test', async (t) => {
  const scripts = readdirSync(new URL('lua/', FOLDER)).filter((name) => name.endsWith('.lua')).map((name) => name.slice(0, -4));
  const names = readdirSync(new URL('src/', FOLDER)).filter((name) => name.endsWith('.ts'));
  const sources = names.map((name) => readFileSync(new URL(`src/${name}`, FOLDER), 'utf8'));
  t.ok(scripts.length >= 18);
  for (const verb of scripts) {
    const script = loadScript(verb);
    t.match(script.text, /^#!lua/);
    t.ok(sources.some((source) => source.includes(`'${verb}'`)), `${verb} is run from src`);
    t.notOk(/KEYS\[|ARGV\[\d/.test(readFileSync(new URL(`lua/${verb}.lua`, FOLDER), 'utf8')), `${verb} uses named locals, and builds no key`);
  }
  t.throws(() => loadScript('join', ['no-such-guard']), /no guard/);
});

const KEY = createSecretKey(randomBytes(32));
const claimsOf = (room: string, place: number): Parameters<typeof signReceipt>[1] => ({
  room: valueOf(parseRoomId(room)), place: place as Place, order: place, epoch: Math.floor(place / 2 ** 32), incarnation: 3,
  identity: newIdentity(), binding: newBinding(), joinedAtMs: 1_800_000_000_000,
});

t.test('receipts: what is signed comes back; every changed byte is refused', async (t) => {
  for (const claims of [claimsOf('demo', placeOf(1, 1)), claimsOf('a'.repeat(48), placeOf(2 ** 21 - 1, 2 ** 32 - 1))]) {
    const receipt = signReceipt(KEY, claims);
    t.ok(receipt.length <= RECEIPT_LENGTH_MAX, `${receipt.length} characters`);
    t.same(valueOf(verifyReceipt([KEY], receipt)), claims);
    t.same(valueOf(verifyReceipt([createSecretKey(randomBytes(32)), KEY], receipt)), claims, 'a retired key is honoured');
    t.notOk(verifyReceipt([createSecretKey(randomBytes(32))], receipt).ok);
    const bytes = Buffer.from(receipt, 'base64url');
    for (let at = 0; at < bytes.length; at += 1) {
      const forged = Buffer.from(bytes);
      forged[at] = (forged[at] as number) ^ 1;
      if (verifyReceipt([KEY], forged.toString('base64url')).ok) t.fail(`byte ${at} is not covered`);
    }
  }
  const odd = signReceipt(KEY, claimsOf('demo', placeOf(1, 1)));
  for (const text of ['', '.', 'x', `${odd}=`, `${odd} `, odd.slice(1), 'A'.repeat(5_000), '한글'.repeat(40)]) {
    t.same(verifyReceipt([KEY], text), { ok: false, refusal: { kind: 'bad-receipt' } });
  }
});

t.test('a frame: marks are exact for the first, thin out, and interpolate well', async (t) => {
  const test = await openRoom({ phase: 'paused' });
  t.same((await readFrame(test.connection, test.room))?.marks, []);
  for (const count of [1, 30, 2, 200, 2_000]) {
    await test.joinMany(count);
    const frame = await readFrame(test.connection, test.room) as Frame;
    const { marks, counts } = frame;
    t.ok(marks.length <= LIMITS.MARKS_MAX);
    t.same(marks.slice(0, 32).map(({ ahead }) => ahead), Array.from({ length: Math.min(32, counts.waiting) }, (_, index) => index));
    t.equal(marks.at(-1)?.ahead, counts.waiting - 1, 'the last fan has a mark');
    t.ok(marks.every((mark, index) => index === 0 || mark.order > (marks[index - 1]?.order ?? 0)));
    const place = placeOf(1, Math.ceil(counts.waiting / 2));
    const [reply] = await readPlace(test.connection, test.room, [place]);
    const ahead = reply?.word === 'place' ? reply.view.ahead ?? -1 : -1;
    t.ok(Math.abs((aheadByMarks(marks, place)?.ahead ?? -9) - ahead) <= 1, `about ${ahead}`);
    t.equal(aheadByMarks(marks, placeOf(1, 2 ** 20)), null, 'beyond the last mark nothing is known');
  }
  await test.close();
});

t.test('a feed tells everybody who was called, also after a pause longer than `recent` remembers', async (t) => {
  const test = await openRoom();
  const heard = new Map<Place, CalledPlace>();
  const frames: (Frame | null)[] = [];
  const feed = openPlaceFeed({
    connection: test.connection, room: test.room, frameEveryMs: 20, calledEveryMs: 10,
    onFrame: (frame) => void frames.push(frame), onCalled: (called) => called.forEach((one) => heard.set(one.place, one)),
  });
  await feed.started;
  const fans = await test.joinMany(300);
  await test.tick(1);
  await test.tick(1);
  await waitFor(() => heard.size === 300 && frames.some((frame) => frame?.counts.called === 300));
  t.same([...heard.keys()].toSorted((one, other) => one - other), fans.map(({ place }) => place));
  t.match(feed.frame(), { phase: 'open', calledThrough: fans.at(-1)?.place, fenced: false, reason: 'line' });
  await forgetRoom(test.connection, test.room);
  await waitFor(() => feed.frame() === null);
  await feed.stop();
  const count = frames.length;
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(frames.length, count, 'silent once stopped');
  await test.close();

  const long = await openRoom();
  await long.joinMany(100);
  await long.tick(1);
  const first = await readCalled(long.connection, long.room, null);
  if (first.word !== 'called') throw new Error(first.word);
  t.same([first.called.length, first.all], [100, true]);
  await long.joinMany(10);
  await long.tick(1);
  t.match(await readCalled(long.connection, long.room, first.cursor), { all: false, called: { length: 10 } });
  await long.joinMany(LIMITS.RECENT_LENGTH_MAX + 1);
  for (let tick = 0; tick <= LIMITS.RECENT_LENGTH_MAX / BATCH_MAX; tick += 1) await long.tick(1);
  t.match(await readCalled(long.connection, long.room, first.cursor), { all: true, called: { length: 100 + 10 + LIMITS.RECENT_LENGTH_MAX + 1 } });
  t.match(await readCalled(long.connection, long.room, { ...first.cursor, incarnation: 9 }), { all: true });
  await long.close();
});

async function waitFor(isTrue: () => boolean): Promise<void> {
  for (let round = 0; round < 500 && !isTrue(); round += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  if (!isTrue()) throw new Error('waited in vain');
}

const pace = (buckets: readonly number[], more: Partial<PaceReading> = {}): PaceReading =>
  ({ phase: 'open', reason: 'rate', ratePerMinute: 600, bucketMs: 5_000, buckets, ...more });

t.test('the wait band: null when nothing is known, else it holds', async (t) => {
  t.equal(waitBand(pace([50, 50]), 10), null, 'too little seen');
  t.equal(waitBand(pace([0, 0, 0, 0]), 10), null, 'standing still');
  for (const reason of ['paused', 'returning', 'readopted', 'rate-lowered'] as const) t.equal(waitBand(pace([50, 50, 50], { reason }), 10), null, reason);
  t.equal(waitBand(pace([50, 50, 50], { phase: 'paused' }), 10), null);
  const band = waitBand(pace(Array.from({ length: 12 }, () => 50)), 599);
  t.ok(band !== null && band.p10Ms <= 60_000 && band.p90Ms >= 60_000 && band.p10Ms >= 54_000, `600 calls at 600/min: ${JSON.stringify(band)}`);

  const random = seededRandom(seedOf(t));
  let held = 0;
  const rounds = 300;
  for (let round = 0; round < rounds; round += 1) {
    const next = (): number => Math.round(10 + random() * 60);
    const seen = Array.from({ length: 24 }, next);
    const ahead = 100 + Math.floor(random() * 1_000);
    let left = ahead + 1;
    let waited = 0;
    for (let calls = next(); left > 0; calls = next()) {
      waited += 5_000 * Math.min(1, left / calls);
      left -= calls;
    }
    const predicted = waitBand(pace(seen, { ratePerMinute: null }), ahead);
    if (predicted !== null && waited >= predicted.p10Ms && waited <= predicted.p90Ms) held += 1;
  }
  t.ok(held >= rounds * 0.75, `${held} of ${rounds} waits lay inside the band`);
});

t.test('the wait band of a real room', async (t) => {
  const test = await openRoom({ ratePerMinute: 600, capacity: null });
  await test.joinMany(600);
  await test.run(20_000, 100);
  const frame = await readFrame(test.connection, test.room) as Frame;
  t.ok(frame.pace.buckets.length >= 3 && frame.pace.buckets.every((calls) => calls >= 45 && calls <= 55), JSON.stringify(frame.pace.buckets));
  const band = waitBand(frame.pace, 100);
  t.ok(band !== null && band.p10Ms <= 10_200 && band.p90Ms >= 10_100, JSON.stringify(band));
  await test.close();
});

t.test('settings out of bounds are named', async (t) => {
  const good = settingsFor(valueOf(parseRoomId('demo')));
  t.ok(checkSettings(good).ok);
  const bad = [
    ['ratePerMinute', 1.5], ['capacity', -1], ['phase', 'shut'], ['callMs', 0], ['maxMisses', 0], ['version', 0], ['epoch', 0],
    ['identity', 'face'], ['shows', Array(65).fill('s')],
  ] as const;
  for (const [field, value] of bad) {
    t.same(checkSettings({ ...good, [field]: value }), { ok: false, refusal: { kind: 'bad-settings', field } });
  }
});

t.test('the journal: sound for a sound room; the check finds each broken rule', async (t) => {
  const test = await openRoom();
  for (const state of ['redeemed', 'left', 'finished', 'entered'] as const) await fanIn(test, state);
  await test.change({ ratePerMinute: 600, capacity: 5 });
  await test.joinMany(10);
  await test.run(1_000, 100);
  t.same(await violationsOf(test), []);
  const entries = await journalOf(test);
  const changed = (kind: JournalEntry['kind'], change: object): JournalEntry[] => {
    const at = entries.findLastIndex((entry) => entry.kind === kind);
    return entries.with(at, { ...entries[at], ...change } as JournalEntry);
  };
  const rules = (given: JournalEntry[]): string[] => [...new Set(checkJournal(given, true).map(({ rule }) => rule))];
  const call = entries.findLast((entry) => entry.kind === 'call') as Extract<JournalEntry, { kind: 'call' }>;
  const redeemed = entries.find((entry) => entry.kind === 'redeem') as JournalEntry;
  t.same(rules(changed('call', { slotsBefore: 5 })), ['W1']);
  t.same(rules(changed('call', { rate: 1 })), ['W2']);
  t.same(rules(changed('call', { lowestLeft: call.orders[0] as number })), ['W3']);
  t.same(rules([...entries, call]), ['W4']);
  t.same(rules([...entries, redeemed]), ['W6']);
  t.same(rules(changed('enter', { callNo: 77 })), ['W1']);
  t.same(rules(entries.filter(({ kind }) => kind !== 'enter')), ['W6']);
  await test.close();
});

t.test('reads change nothing', async (t) => {
  const test = await openRoom({ phase: 'paused' });
  const fan = await fanIn(test, 'waiting');
  const before = await contentsOf(test);
  await readGauges(test.connection, test.room);
  await readFrame(test.connection, test.room);
  await readCalled(test.connection, test.room, null);
  await readPlace(test.connection, test.room, [fan.place]);
  t.equal(await contentsOf(test), before);
  await keepPlace(test.connection, test.room, [fan.place]);
  t.ok(keysOf(test.room).every((key) => key.includes(`{room:${test.room}}`)), 'one hash tag');
  await test.close();
});
