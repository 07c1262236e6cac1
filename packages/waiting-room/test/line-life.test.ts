import { numberOf, placeOf, seededRandom, shuffled, type Place } from '@onsale/kernel';
import t from 'tap';
import { enter, keepPlace, readGauges, readPlace, returnPlace, withoutGuards } from '../src/index.ts';
import { keyOf } from '../src/keys.ts';
import { fanIn, openRoom, passTime, seedOf, stateOf, sweepOnce, violationsOf, type RoomUnderTest } from './room-under-test.ts';

/* Presence: silence, missed calls, forgotten tabs, and our own outage. */

t.teardown(() => withoutGuards([]));

async function keepAll(test: RoomUnderTest, places: readonly Place[]): Promise<void> {
  for (let start = 0; start < places.length; start += 256) await keepPlace(test.connection, test.room, places.slice(start, start + 256));
}

t.test('silence between 3/4 of absentAfter and all of it makes a place absent; a sign of life brings it back at its order', async (t) => {
  const test = await openRoom({ phase: 'paused' });
  const [silent, present] = (await test.joinMany(2)).map(({ place }) => place) as [Place, Place];
  const seenAt: number[] = [];
  for (let at = 0; at < 130_000; at += 5_000) {
    await keepPlace(test.connection, test.room, [present]);
    const { clock } = await test.tick(5_000);
    await sweepOnce(test);
    if ((await stateOf(test, silent)) === 'absent') seenAt.push(clock);
  }
  t.ok((seenAt[0] ?? 0) >= 90_000 && (seenAt[0] ?? 0) <= 120_000, `absent after ${seenAt[0]} ms`);
  t.equal(await stateOf(test, present), 'waiting');
  const [while_] = await readPlace(test.connection, test.room, [present]);
  t.equal(while_?.word === 'place' && while_.view.ahead, 0, 'nobody present is ahead');
  const [back] = await keepPlace(test.connection, test.room, [silent]);
  t.match(back, { word: 'place', view: { state: 'waiting', ahead: 0 } });
  const [behind] = await readPlace(test.connection, test.room, [present]);
  t.equal(behind?.word === 'place' && behind.view.ahead, 1);
  await test.close();
});

t.test('a missed call: absent until the fan presses, the second ends the place', async (t) => {
  const test = await openRoom({ phase: 'open', capacity: 1 });
  const { connection, room } = test;
  const fan = await fanIn(test, 'missed');
  t.match((await keepPlace(connection, room, [fan.place]))[0], { view: { state: 'missed', missed: 1 } }, 'a sign of life is not enough');
  t.match(await returnPlace(connection, room, fan.place), { word: 'returned', view: { state: 'waiting', missed: 1, ahead: 0 } });
  t.equal((await test.tick(100)).called[0]?.place, fan.place, 'called again, first');
  await passTime(test, 60_000);
  t.equal(await stateOf(test, fan.place), 'lapsed');
  t.equal((await returnPlace(connection, room, fan.place)).word, 'ended');
  await test.close();
});

t.test('who returned and then falls silent is back by a sign of life', async (t) => {
  const test = await openRoom({ phase: 'open' });
  const { connection, room } = test;
  const fan = await fanIn(test, 'missed');
  await test.change({ phase: 'paused' });
  await returnPlace(connection, room, fan.place);
  await passTime(test, 130_000);
  t.equal(await stateOf(test, fan.place), 'absent');
  await keepPlace(connection, room, [fan.place]);
  t.equal(await stateOf(test, fan.place), 'waiting');
  await test.close();
});

/** 120 forgotten tabs at the front, 60 fans behind, rate 120/min for `ms`; answers how many of the 60 got in. */
async function behindForgottenTabs(ms: number): Promise<number> {
  const test = await openRoom({ ratePerMinute: 120, maxMisses: 100 });
  const forgotten = (await test.joinMany(120)).map(({ place }) => place);
  const fans = await test.joinMany(60);
  const isFan = new Map(fans.map((fan) => [fan.place, fan]));
  let entered = 0;
  for (let at = 0; at < ms; at += 1_000) {
    await keepAll(test, [...forgotten, ...isFan.keys()]);
    for (const { place } of (await test.tick(1_000)).called) {
      const fan = isFan.get(place);
      if (fan === undefined) continue;
      await enter(test.connection, test.room, { place, binding: fan.binding, kid: 'k' });
      isFan.delete(place);
      entered += 1;
    }
    await sweepOnce(test);
  }
  await test.close();
  return entered;
}

t.test('120 forgotten tabs cost 120 calls, once', async (t) => {
  t.equal(await behindForgottenTabs(110_000), 60, 'all behind them are in within (120 + 60) / 120 minutes and a little');
  withoutGuards(['sweep.press']);
  const control = await behindForgottenTabs(110_000);
  t.ok(control <= 5, `negative control: if a sign of life brought them back, hardly anybody would get in: ${control}`);
  withoutGuards([]);
});

type Outage = { readonly wrong: number; readonly called: number; readonly calledInDark: number; readonly reasons: Set<string> };

/**
 * 500 fans wait; nobody can reach us for three minutes; then all come back within a minute, in random order. `wrong`: calls
 * after the outage that passed over a fan who came back, with a lower order, and had not been called.
 */
async function throughAnOutage(seed: string): Promise<Outage> {
  const random = seededRandom(seed);
  const test = await openRoom({ ratePerMinute: 60 });
  const places = (await test.joinMany(500)).map(({ place }) => place);
  const isHeard = new Set(places);
  const calledAlready = new Set<Place>();
  const reasons = new Set<string>();
  const outage = { wrong: 0, called: 0, calledInDark: 0 };
  const backAt = new Map(shuffled(random, places).map((place, index) => [place, 300_000 + (index * 60_000) / places.length]));
  for (let at = 0; at < 420_000; at += 1_000) {
    if (at === 120_000) isHeard.clear();
    for (const [place, time] of backAt) if (at >= time) isHeard.add(place);
    if (at % 20_000 === 0 || at > 300_000) await keepAll(test, [...isHeard].filter((place) => !calledAlready.has(place)));
    const reply = await test.tick(1_000);
    if (at >= 120_000) reasons.add(reply.reason);
    for (const { place } of reply.called) {
      calledAlready.add(place);
      if (at >= 230_000 && at < 300_000) outage.calledInDark += 1;
      if (at < 300_000) continue;
      outage.called += 1;
      if (places.some((other) => other < place && !calledAlready.has(other))) outage.wrong += 1;
    }
    while ((await sweepOnce(test)).more);
  }
  if ((await violationsOf(test)).length > 0) throw new Error('violations');
  await test.close();
  return { ...outage, reasons };
}

t.test('three minutes of our own outage do not reorder the line', async (t) => {
  const seed = seedOf(t);
  const kept = await throughAnOutage(seed);
  t.ok(kept.reasons.has('returning'));
  t.equal(kept.calledInDark, 0, 'once noticed, nobody is called who cannot hear it');
  t.ok(kept.called > 30, `calls go on afterwards: ${kept.called}`);
  t.ok(kept.wrong <= kept.called * 0.2, `${kept.wrong} of ${kept.called} calls passed somebody over`);
  withoutGuards(['sweep.returning', 'call.returning']);
  const control = await throughAnOutage(seed);
  withoutGuards([]);
  t.ok(control.wrong > control.called * 0.3 && control.wrong > kept.wrong * 3, `negative control: ${control.wrong} of ${control.called}`);
});

/** 400 fans join when the sale opens; a quarter closes the tab and is never heard. `leaving`: so many of the others fall silent after a minute. */
async function throughAnOpening(leaving: number): Promise<{ reasons: Set<string>; called: number; absent: number }> {
  const test = await openRoom({ ratePerMinute: 60, capacity: null });
  const places = (await test.joinMany(400)).map(({ place }) => place);
  const stay = places.filter((_, index) => index % 4 !== 0);
  const calledAlready = new Set<Place>();
  const reasons = new Set<string>();
  for (let at = 0; at < 240_000; at += 5_000) {
    const heard = at < 60_000 ? stay : stay.slice(leaving);
    await keepAll(test, heard.filter((place) => !calledAlready.has(place)));
    const reply = await test.tick(5_000);
    for (const { place } of reply.called) calledAlready.add(place);
    reasons.add(reply.reason);
    while ((await sweepOnce(test)).more);
  }
  const gauges = await readGauges(test.connection, test.room);
  if (gauges.word !== 'gauges' || (await violationsOf(test)).length > 0) throw new Error('violations');
  await test.close();
  return { reasons, called: calledAlready.size, absent: gauges.counts.absent };
}

t.test('fans who close the tab at the opening are no outage of ours; fans who were heard and fall silent are', async (t) => {
  const opening = await throughAnOpening(0);
  t.notOk(opening.reasons.has('returning'), [...opening.reasons].join());
  t.ok(opening.called >= 45, `a call with each of 48 ticks: ${opening.called}`);
  t.ok(opening.absent > 0, 'whoever closed the tab is absent, not called');
  t.ok((await throughAnOpening(150)).reasons.has('returning'), 'half of those who were heard');
  withoutGuards(['sweep.heard']);
  const control = await throughAnOpening(0);
  withoutGuards([]);
  t.ok(control.reasons.has('returning') && control.called < opening.called - 8, `negative control: ${control.called} of ${opening.called} calls`);
});

t.test('a crowd that really left delays newcomers by ten minutes at most, and by one when some of it stayed', async (t) => {
  for (const { stayed, latest } of [{ stayed: 0, latest: 750_000 }, { stayed: 20, latest: 210_000 }]) {
    const test = await openRoom({ ratePerMinute: 600, phase: 'paused' });
    const ghosts = (await test.joinMany(100)).map(({ place }) => place);
    await keepAll(test, ghosts);
    await test.run(100_000, 5_000);
    await test.change({ phase: 'open', capacity: 0 });
    const [newcomer] = (await test.joinMany(1)).map(({ place }) => place) as [Place];
    const alive = [newcomer, ...ghosts.slice(0, stayed)];
    let at = 100_000;
    for (; at < 900_000; at += 5_000) {
      await keepAll(test, alive);
      const reply = await test.tick(5_000);
      while ((await sweepOnce(test)).more);
      if (reply.waiting <= alive.length) break;
    }
    t.ok(at <= latest, `${stayed} stayed: the line is true again after ${at} ms`);
    await test.close();
  }
});

t.test('a long line is swept in batches, and the bitmap of present fans equals the line', async (t) => {
  const test = await openRoom({ phase: 'paused' });
  const places = (await test.joinMany(2_000)).map(({ place }) => place);
  const alive = places.filter((_, index) => index % 6 !== 0);
  for (let at = 0; at < 130_000; at += 10_000) {
    await keepAll(test, alive);
    await test.tick(10_000);
  }
  const first = await sweepOnce(test);
  t.same([first.absent, first.more], [256, true]);
  while ((await sweepOnce(test)).more);
  const gauges = await readGauges(test.connection, test.room);
  t.match(gauges, { counts: { waiting: alive.length, absent: places.length - alive.length } });
  const line = await test.connection.redis.zrange(keyOf(test.room, 'line'), '0', '-1');
  const bits = await test.connection.redis.getBuffer(keyOf(test.room, 'present')) as Buffer;
  const present: string[] = [];
  for (let n = 1; n <= places.length; n += 1) if (((bits[n >> 3] ?? 0) >> (7 - (n & 7))) & 1) present.push(String(placeOf(1, n)));
  t.same(present, line);
  t.equal(numberOf(places.at(-1) as Place), 2_000);
  await test.close();
});

t.test('the order of a place never changes, however often its fan goes and comes', async (t) => {
  const test = await openRoom({ phase: 'paused', absentAfterMs: 8_000 });
  const random = seededRandom(seedOf(t));
  const places = (await test.joinMany(40)).map(({ place }) => place);
  for (let round = 0; round < 30; round += 1) {
    await keepAll(test, places.filter(() => random() < 0.5));
    await test.tick(2_000);
    await sweepOnce(test);
  }
  await keepAll(test, shuffled(random, places));
  await test.change({ phase: 'open' });
  t.same((await test.run(200, 100)).slice(0, 40), places);
  await test.close();
});
