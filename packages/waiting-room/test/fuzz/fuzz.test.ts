import { readFileSync } from 'node:fs';
import { seedOf } from '@onsale/testing';
import t, { type Test } from 'tap';
import { openRoomConnection, withoutGuards, type RoomConnection } from '../../src/index.ts';
import * as model from '../../src/model/index.ts';
import { REDIS_URL } from '../room-under-test.ts';
import { compareJournals } from './compare.ts';
import { describeFailure, fuzz, type Failure } from './fuzz.ts';
import { playTrace, shrink } from './shrink.ts';
import type { Twin } from './sides.ts';
import type { Step, Trace } from './steps.ts';
import { closeTwins, openTwins, play } from './twins.ts';

/*
 * The scripts on a real Redis against the model: random rooms, every reply and everything there is to read compared after each step.
 * ONSALE_FUZZ_MS: how long (by file name, not through tap, which ends a file after two minutes). ONSALE_SEED: which rooms.
 * ONSALE_TRACE: a file that holds a printed trace, to play instead.
 */
const FUZZ_MS = Number(process.env['ONSALE_FUZZ_MS'] ?? 20_000);
/** For all that is not the slice, on a busy machine. */
const REST_MS = 100_000;
t.setTimeout(FUZZ_MS + REST_MS);

const connection: RoomConnection = openRoomConnection(REDIS_URL);
t.before(() => connection.ready());
t.teardown(async () => {
  withoutGuards([]);
  await connection.close();
});

/** Says everything that is needed to see a failure again. */
async function report(t: Test, failure: Failure | null, twin: Twin = model): Promise<void> {
  if (failure === null) return void t.pass('alike');
  const text = describeFailure(await shrink(connection, failure, twin));
  t.comment(text);
  t.fail(text.split('\n')[0] ?? text);
}

t.test('scripts and model are alike', { timeout: FUZZ_MS + REST_MS }, async (t) => {
  const file = process.env['ONSALE_TRACE'];
  if (file !== undefined && file !== '') {
    const trace = JSON.parse(readFileSync(file, 'utf8')) as Trace;
    const parting = await playTrace(connection, trace, model);
    return report(t, parting === null ? null : { trace, parting, stepsBefore: trace.steps.length });
  }
  const { rooms, steps, failure } = await fuzz(connection, seedOf(t), { ms: FUZZ_MS }, model);
  t.comment(`${steps} steps in ${rooms} rooms`);
  t.ok(steps > 0);
  await report(t, failure);
});

const range = (from: number, below: number): number[] => Array.from({ length: below - from }, (_, index) => from + index);
const tick = (ms: number): Step => ({ verb: 'tick', caller: 0, elapsedMs: ms, wallMs: ms, isFirst: false });
const join = (...fans: number[]): Step => ({ verb: 'join', fans });

/** What a fuzz once found, or rarely reaches. */
const TRACES: Readonly<Record<string, Trace>> = {
  'more fans than one tick may call, and miss, and fall silent': {
    settings: { ratePerMinute: null, capacity: null, absentAfterMs: 40_000, callMs: 1_000, maxMisses: 1 }, isForging: false,
    steps: [
      join(...range(0, 256)), join(...range(256, 400)), tick(0), { verb: 'configure', versionOff: 1, epochOff: 0, changes: { phase: 'paused' } }, tick(1_000),
      tick(1_000), { verb: 'sweep' }, { verb: 'sweep' }, join(...range(0, 256)), join(...range(400, 600)),
      ...range(0, 14).flatMap((): Step[] => [tick(10_000), { verb: 'sweep' }, { verb: 'keep', fans: range(0, 30) }]), { verb: 'sweep' },
    ],
  },
  'a crowd of which some joined and were never heard, in an outage and without': {
    settings: { ratePerMinute: 60, capacity: null, absentAfterMs: 40_000 }, isForging: false,
    steps: [
      join(...range(0, 130)), tick(0), { verb: 'keep', fans: range(0, 100) },
      ...range(0, 8).flatMap((): Step[] => [tick(10_000), { verb: 'keep', fans: range(0, 100) }, { verb: 'sweep' }]),
      ...range(0, 8).flatMap((): Step[] => [tick(10_000), { verb: 'keep', fans: range(0, 4) }, { verb: 'sweep' }]),
      join(...range(130, 160)), { verb: 'keep', fans: range(20, 160) }, tick(10_000), { verb: 'sweep' }, tick(1_000),
    ],
  },
  'a tail lost twice, the second time with the first adoption in it': {
    settings: {}, isForging: false,
    steps: [
      join(1), { verb: 'copy' }, join(2), { verb: 'lose' }, { verb: 'readopt', isExpected: true }, join(3), { verb: 'lose' },
      { verb: 'readopt', isExpected: true }, join(4), { verb: 'restore', fan: 3, age: 0 }, { verb: 'restore', fan: 2, age: 0 }, tick(100), tick(6_000),
    ],
  },
  'nothing to reconcile in a fenced room': {
    settings: {}, isForging: false, steps: [{ verb: 'restart' }, { verb: 'reconcile', sinceMs: 0, over: [], live: [] }],
  },
};
for (const [name, trace] of Object.entries(TRACES)) {
  t.test(name, async (t) => {
    const parting = await playTrace(connection, trace, model);
    await report(t, parting === null ? null : { trace, parting, stepsBefore: trace.steps.length });
  });
}

/* Negative controls: the fuzz sees each of these. Each begins with a room in which it was seen soon. */

const ROOMS_MAX = 60;
const CONTROLS: Readonly<Record<string, string>> = {
  'call.capacity': 'control 14', 'call.window': 'control 16', 'call.pace': 'control 3', 'call.clock': 'control 3', 'call.returning': 'control 7',
  'join.identity': 'control 21', 'join.fence': 'control 23', 'enter.called': 'control 4', 'redeem.once': 'control 0', 'redeem.minutes': 'control 22',
  'reconcile.minutes': 'control 10',
  'retire.slots': 'control 2', 'retire.closed': 'control 2', 'retire.epoch': 'control 2',
  'sweep.press': 'control 19', 'sweep.returning': 'control 7', 'sweep.heard': 'control 7',
};
t.test('a guard taken out of a script is noticed', { timeout: REST_MS }, async (t) => {
  for (const [guard, seed] of Object.entries(CONTROLS)) {
    withoutGuards([guard]);
    const { rooms, steps, failure } = await fuzz(connection, seed, { rooms: ROOMS_MAX }, model);
    t.not(failure, null, `${guard}: ${failure?.parting.difference.what.slice(0, 60)} (after ${steps} steps in ${rooms} rooms)`);
  }
  withoutGuards([]);
});

const MUTANTS: Readonly<Record<string, Twin>> = {
  'a sign of life brings back who missed a call': {
    ...model, keepPlace: (room, places) => model.keepPlace(room, places).map((reply) =>
      ('view' in reply && reply.view.state === 'missed' ? { ...reply, view: model.returnPlace(room, reply.view.place).view ?? reply.view } : reply)),
  },
  'finish frees no slot': { ...model, finish: (room, place) => ({ word: 'finished', view: model.finish(structuredClone(room), place).view }) },
  'the first tick of a caller moves the clock': { ...model, call: (room, request) => model.call(room, { ...request, lastClock: request.lastClock ?? 0 }) },
  'an adoption does not pause calls': {
    ...model, readopt: (room, ...rest) => {
      const reply = model.readopt(room, ...rest);
      if (room.data !== null) room.data.callsOffUntil = 0;
      return reply;
    },
  },
};
t.test('a changed model is noticed', { timeout: REST_MS }, async (t) => {
  for (const [what, twin] of Object.entries(MUTANTS)) {
    const { steps, failure } = await fuzz(connection, 'mutant', { rooms: ROOMS_MAX }, twin);
    t.not(failure, null, `${what} (after ${steps} steps)`);
  }
});

t.test('what only the outside remembers: a number issued again after a forgotten adoption', async (t) => {
  const trace = { ...TRACES['a tail lost twice, the second time with the first adoption in it'] as Trace, isForgetful: true };
  const parting = await playTrace(connection, trace, model);
  t.match(parting?.difference.what, /^W5: /, 'scripts and model agree, and are both wrong');
});

t.test('the journal of a room in which a forged token was redeemed shows W6 broken', async (t) => {
  const twins = await openTwins(connection, { settings: { phase: 'paused' }, isForging: true }, model);
  t.equal(await play(twins, join(1)), null);
  t.equal(await play(twins, { verb: 'redeem', fan: 1, age: 0, key: 0, callNoOff: 0, epochOff: 0 }), null);
  t.match((await compareJournals(twins, true))?.redis, [{ rule: 'W6' }]);
  await closeTwins(twins);
});

t.test('a failure shrinks to a trace that shows it again', { timeout: REST_MS }, async (t) => {
  withoutGuards(['sweep.press']);
  const { failure } = await fuzz(connection, 'small 9', { rooms: ROOMS_MAX }, model);
  if (failure === null) return void t.fail('nothing to shrink');
  const { trace, parting, stepsBefore } = await shrink(connection, failure, model, REST_MS / 4);
  t.comment(`${stepsBefore} steps shrunk to ${trace.steps.length}: ${JSON.stringify(trace.steps)}`);
  t.ok(trace.steps.length <= 10 && trace.steps.length < stepsBefore / 2, 'much shorter');
  t.equal(parting.at, trace.steps.length - 1, 'the last step shows it');
  const again = await playTrace(connection, JSON.parse(JSON.stringify(trace)) as Trace, model);
  t.same(again, parting, 'as printed');
  withoutGuards([]);
  t.equal(await playTrace(connection, trace, model), null, 'and not with the guard in place');
});
