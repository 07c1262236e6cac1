import { readFileSync } from 'node:fs';
import t from 'tap';
import {
  configure, enter, finish, join, keepPlace, keysOf, leave, readGauges, readPlace, reconcile, redeem, restore, returnPlace, revoke, sweep,
  PHASE_WORDS, PHASES, PLACE_CASES, TRANSITIONS, transitionsAsMarkdown, type PhaseCase, type PlaceCase, type SessionsFound, type VerbCase,
} from '../src/index.ts';
import { contentsOf, fanIn, losePlace, newBinding, openRoom, passTime, stateOf, type Fan, type RoomUnderTest } from './room-under-test.ts';

/* Every cell of src/rules/transitions.ts against the real scripts: the word, and the state of the place afterwards. */

const SHORT = { callMs: 1_000, entryTokenMs: 1_000, sessionMaxMs: 1_000, absentAfterMs: 4_000, ratePerMinute: null, capacity: null };

const receiptOf = ({ place, identity, binding }: Fan): Parameters<typeof restore>[2] =>
  ({ room: '' as never, place, order: place, epoch: 1, incarnation: 1, identity, binding, joinedAtMs: 0 });

/** How each row of the table is played: answers the word. */
const PLAY: Record<VerbCase, (test: RoomUnderTest, fan: Fan) => Promise<string>> = {
  'join': async ({ connection, room }, { identity }) => (await join(connection, room, [{ identity }]))[0]?.word ?? '',
  'join (rejoin off)': async (test, { identity }) => {
    await test.change({ rejoin: false });
    return (await join(test.connection, test.room, [{ identity }]))[0]?.word ?? '';
  },
  'read-place': async ({ connection, room }, { place }) => (await readPlace(connection, room, [place]))[0]?.word ?? '',
  'keep-place': async ({ connection, room }, { place }) => (await keepPlace(connection, room, [place]))[0]?.word ?? '',
  'return': async ({ connection, room }, { place }) => (await returnPlace(connection, room, place)).word,
  'enter': async ({ connection, room }, { place, binding }) => (await enter(connection, room, { place, binding, kid: 'k1' })).word,
  'enter (other binding)': async ({ connection, room }, { place }) =>
    (await enter(connection, room, { place, binding: newBinding(), kid: 'k1' })).word,
  'redeem': async ({ connection, room }, { place, binding }) =>
    (await redeem(connection, room, { place, callNo: 1, epoch: epochIn(place), binding })).word,
  'redeem (other binding)': async ({ connection, room }, { place }) =>
    (await redeem(connection, room, { place, callNo: 1, epoch: epochIn(place), binding: newBinding() })).word,
  'finish': async ({ connection, room }, { place }) => (await finish(connection, room, place)).word,
  'leave': async ({ connection, room }, { place }) => (await leave(connection, room, place)).word,
  'revoke': async ({ connection, room }, { place }) => (await revoke(connection, room, place)).word,
  'restore': async ({ connection, room }, fan) => (await restore(connection, room, receiptOf(fan))).word,
  'reconcile (session lives)': async (test, { place, binding }) => reconcileWord(test, { live: [{ place, callNo: 1, binding, remainingMs: 500 }] }),
  'reconcile (session over)': async (test, { place }) => reconcileWord(test, { over: [place] }),
  'reconcile (no session, token over)': async (test, { place }) => reconcileWord(test, { unopened: [place] }),
  'sweep (all deadlines over)': async (test) => {
    await test.change({ phase: 'paused' });
    await test.run(6_000, 1_000);
    const reply = await sweep(test.connection, test.room);
    if (reply.word !== 'swept') return reply.word;
    const ended = (['missed', 'lapsed', 'finished'] as const).find((word) => reply[word].length > 0);
    return ended ?? (reply.absent > 0 ? 'absent' : 'none');
  },
};
const epochIn = (place: number): number => Math.floor(place / 2 ** 32);

async function reconcileWord(test: RoomUnderTest, found: Partial<SessionsFound>): Promise<string> {
  const reply = await reconcile(test.connection, test.room, { sinceClock: 1e9, live: [], over: [], unopened: [], ...found });
  if (reply.word !== 'reconciled') return reply.word;
  return (['finished', 'lapsed', 'adopted', 'toEnd', 'unknown'] as const).find((word) => reply[word].length > 0) ?? 'none';
}

for (const verb of Object.keys(TRANSITIONS) as VerbCase[]) {
  t.test(verb, async (t) => {
    for (const from of PLACE_CASES) await playCell(t, verb, from);
  });
}

async function playCell(t: { same(found: unknown, wanted: unknown, message: string): boolean }, verb: VerbCase, from: PlaceCase): Promise<void> {
  const [word, after] = TRANSITIONS[verb][from].split(' ');
  const test = await openRoom({ ...SHORT, ...(from === 'absent' ? { phase: 'paused' } : {}) });
  try {
    const fan = await fanIn(test, from);
    if (from === 'absent') await test.change({ phase: 'open' });
    t.same(await PLAY[verb](test, fan), word, `${verb} of ${from}: ${word}`);
    t.same(await stateOf(test, fan.place), after, `${verb} of ${from}: then ${after}`);
  } finally {
    await test.close();
  }
}

const PLAY_PHASE: Record<PhaseCase, { from: PlaceCase; play: (test: RoomUnderTest, fan: Fan) => Promise<string> }> = {
  'join (newcomer)': { from: 'unknown', play: PLAY['join'] },
  'enter (called)': { from: 'called', play: PLAY['enter'] },
  'return (missed)': { from: 'missed', play: PLAY['return'] },
  'restore (lost)': { from: 'lost', play: PLAY['restore'] },
  'redeem (entered)': { from: 'entered', play: PLAY['redeem'] },
  'call (somebody waits): its reason': { from: 'waiting', play: async (test) => (await test.tick(100)).reason },
};
t.test('phases', async (t) => {
  for (const [verb, row] of Object.entries(PHASE_WORDS)) {
    for (const phase of PHASES) {
      const test = await openRoom(SHORT);
      const { from, play } = PLAY_PHASE[verb as PhaseCase];
      const fan = await fanIn(test, from);
      await test.change({ phase });
      t.equal(await play(test, fan), row[phase], `${verb} in ${phase}`);
      await test.close();
    }
  }
});

t.test('a refused verb writes nothing', async (t) => {
  const test = await openRoom(SHORT);
  const { connection, room } = test;
  const fan = await fanIn(test, 'waiting');
  const stranger = await fanIn(test, 'unknown');
  const before = await contentsOf(test);
  const bare = { place: stranger.place, binding: stranger.binding };
  await enter(connection, room, { ...bare, kid: 'k' });
  await enter(connection, room, { place: fan.place, binding: fan.binding, kid: 'k' });
  await redeem(connection, room, { ...bare, callNo: 1, epoch: 1 });
  await redeem(connection, room, { place: fan.place, binding: fan.binding, callNo: 1, epoch: 2 });
  await finish(connection, room, stranger.place);
  await leave(connection, room, stranger.place);
  await revoke(connection, room, stranger.place);
  await returnPlace(connection, room, stranger.place);
  await keepPlace(connection, room, [stranger.place]);
  await restore(connection, room, receiptOf(stranger));
  await configure(connection, { ...test.settings, version: 1, ratePerMinute: 7 });
  await readPlace(connection, room, [fan.place]);
  t.same(await contentsOf(test), before);
  await test.close();
});

t.test('a room that Redis does not know', async (t) => {
  const test = await openRoom();
  const fan = await fanIn(test, 'waiting');
  await test.connection.redis.del(...keysOf(test.room));
  const { connection, room } = test;
  t.same((await join(connection, room, [{ identity: fan.identity }]))[0], { word: 'no-room' });
  t.same((await keepPlace(connection, room, [fan.place]))[0], { word: 'no-room' });
  t.equal((await enter(connection, room, { place: fan.place, binding: fan.binding, kid: 'k' })).word, 'no-room');
  t.equal((await sweep(connection, room)).word, 'no-room');
  t.equal((await readGauges(connection, room)).word, 'no-room');
  t.equal(await configure(connection, test.settings), 'no-room', 'a wiped room is never made anew without being told to');
  t.same(await connection.redis.exists(...keysOf(room)), 0);
  await test.close();
});

t.test('settings: versions and epochs', async (t) => {
  const test = await openRoom({ version: 5 });
  const { connection } = test;
  t.equal(await configure(connection, { ...test.settings, version: 4, ratePerMinute: 1 }), 'older');
  t.equal(await configure(connection, { ...test.settings, ratePerMinute: 1 }), 'unchanged');
  t.equal(await configure(connection, { ...test.settings, version: 6, epoch: 2 }), 'epoch');
  t.equal(await configure(connection, { ...test.settings, version: 6, ratePerMinute: 60 }, { create: true }), 'configured');
  const gauges = await readGauges(connection, test.room);
  t.equal(gauges.word === 'gauges' && gauges.settings.ratePerMinute, 60);
  await t.rejects(configure(connection, { ...test.settings, version: 7, ratePerMinute: -3 }), /ratePerMinute/);
  await test.close();
});

t.test('the README prints the table as it is', async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  t.ok(readme.includes(transitionsAsMarkdown()), 'print transitionsAsMarkdown() into README.md');
});

t.test('a lost place of a fan who joined anew', async (t) => {
  const test = await openRoom({ ...SHORT, phase: 'paused' });
  const { connection, room } = test;
  const first = await fanIn(test, 'waiting');
  await fanIn(test, 'waiting');
  await losePlace(test, first.place);
  const [again] = await join(connection, room, [{ identity: first.identity }]);
  t.equal(again?.word, 'joined');
  const newer = again !== undefined && 'view' in again ? again.view.place : first.place;
  const restored = await restore(connection, room, receiptOf(first));
  t.equal(restored.word, 'restored');
  t.equal('view' in restored && restored.view.ahead, 0, 'at its own order, before the one who came later');
  t.equal(await stateOf(test, newer), 'left', 'one identity, one living place (W4)');
  await passTime(test, 100);
  await test.close();
});
