import t from 'tap';
import { setTimeout as sleep } from 'node:timers/promises';
import { pick, randomBelow, seededRandom, shuffled, valueOf } from '@onsale/kernel';
import type { Pool } from '@onsale/database';
import {
  createHoldEngine, findViolations, openShowBooks, readHold, type CommandAnswer, type HoldEngine, type SeatCommand, type ShowToPublish,
} from '../src/index.ts';
import { readArrays } from '../src/store/lock-rows.ts';
import { commitProxy } from './commit-proxy.ts';
import { enterFans, fan, idFor, migratedDatabase, poolOf, publishedShow, SEED, SHOW, startProcess } from './own-show.ts';

t.comment(`ONSALE_SEED=${SEED}`);
type Race = { readonly url: string; readonly pool: Pool };
type Test = { readonly teardown: (close: () => unknown) => unknown };
const kindOf = (answer: CommandAnswer): string => (answer.ok ? answer.value.kind : answer.refusal.kind);
const holdOf = (id: string, n: number, seats: readonly number[]): SeatCommand => ({ kind: 'hold', show: SHOW, hold: idFor(id), ...fan(n), seats });

async function raceCourse(t: Test, rows: number, perRow: number, fans: number, more: Partial<ShowToPublish> = {}): Promise<Race> {
  const url = await migratedDatabase(t);
  const pool = poolOf(t, url);
  await publishedShow(pool, rows, perRow, more);
  await enterFans(pool, fans);
  return { url, pool };
}

/** `fans` of two processes, all at once, for one seat. */
async function contend(engines: readonly HoldEngine[], fans: number, seat = 7): Promise<string[]> {
  const answers = await Promise.all(Array.from(
    { length: fans }, (_, n) => (engines[n % engines.length] as HoldEngine).submit(holdOf(`contender ${n}`, n, [seat])),
  ));
  return answers.map(kindOf);
}

t.test('many contenders of two processes for one seat: one wins, the others hear "taken"', async (t) => {
  const { url, pool } = await raceCourse(t, 4, 10, 200);
  const engines = [startProcess(t, url).engine, startProcess(t, url).engine];
  const kinds = await contend(engines, 200);
  t.equal(kinds.filter((kind) => kind === 'hold').length, 1);
  t.equal(kinds.filter((kind) => kind === 'seat-taken').length, 199);
  t.same(await findViolations(pool), []);
});

t.test('negative control: without locked reads the same race sells the seat twice, and the audit sees it', async (t) => {
  const { url, pool } = await raceCourse(t, 4, 10, 200);
  const engines = [0, 1].map(() => startProcess(t, url, { unsafe: { withoutLocks: true } }).engine);
  let twice = 0;
  for (let seat = 0; seat < 20 && twice === 0; seat += 1) {
    const answers = await Promise.all(engines.map((engine, n) => engine.submit(holdOf(`${seat} ${n}`, 2 * seat + n, [seat]))));
    if (answers.every(({ ok }) => ok)) twice += 1;
  }
  t.ok(twice > 0, 'both were told that they hold the seat');
  t.ok((await findViolations(pool)).some(({ invariant }) => invariant === 'B1'));
});

const ACTORS = 30;
/** Holds, swaps, releases, orders and operators, at random, from two processes, on a show so small that everything collides. */
async function storm(
  t: Test, url: string, fanCount: number, seats: number, turns: number,
): Promise<{ readonly answers: CommandAnswer[]; readonly faults: unknown[] }> {
  const random = seededRandom(SEED);
  const processes = [startProcess(t, url), startProcess(t, url)];
  const fans = Array.from({ length: fanCount }, (_, n) => fan(n));
  const made: { readonly id: string; readonly n: number }[] = [];
  const someSeats = (): number[] => shuffled(random, Array.from({ length: seats }, (_, seat) => seat)).slice(0, 1 + randomBelow(random, 3));
  const command = (turn: number): SeatCommand => {
    const n = randomBelow(random, fanCount);
    const dice = random();
    if (made.length === 0 || dice < 0.4) return holdOf(`storm ${turn}`, n, someSeats());
    const old = pick(random, made);
    if (dice < 0.55) return holdOf(old.id, old.n, someSeats());
    if (dice < 0.7) return { kind: 'swap', show: SHOW, hold: idFor(old.id), ...fan(old.n), seats: someSeats().slice(0, 1) };
    if (dice < 0.85) return { kind: 'release', show: SHOW, hold: idFor(old.id), person: fan(old.n).person };
    if (dice < 0.92) return { kind: 'order', show: SHOW, hold: idFor(old.id), person: fan(old.n).person, order: idFor(`order ${old.id}`) };
    if (dice < 0.96) return { kind: 'settle', show: SHOW, hold: idFor(old.id), attempt: idFor('free'), from: 'live' };
    return { kind: dice < 0.98 ? 'block' : 'unblock', show: SHOW, seats: someSeats() };
  };
  const answers: CommandAnswer[] = [];
  await Promise.all(Array.from({ length: ACTORS }, async (_, actor) => {
    for (let turn = 0; turn < turns; turn += 1) {
      const asked = command(turn * ACTORS + actor);
      const answer = await pick(random, processes).engine.submit(asked);
      answers.push(answer);
      if (asked.kind === 'hold' && answer.ok) made.push({ id: `storm ${turn * ACTORS + actor}`, n: fans.findIndex(({ person }) => person === asked.person) });
    }
  }));
  return { answers, faults: processes.flatMap(({ faults }) => faults) };
}

t.test('storm: two processes, no deadlock, no violation, nobody over a limit (B1, B4)', async (t) => {
  const race = await raceCourse(t, 6, 10, 25, { limits: { attemptsPerSession: 12 } });
  const { answers, faults } = await storm(t, race.url, 25, 60, 30);
  const kinds = new Map<string, number>();
  for (const answer of answers) kinds.set(kindOf(answer), (kinds.get(kindOf(answer)) ?? 0) + 1);
  t.comment(JSON.stringify(Object.fromEntries(kinds)));
  for (const kind of ['hold', 'swap', 'release', 'seat-taken', 'limit']) t.ok(kinds.has(kind), kind);
  t.same(await findViolations(race.pool), []);
  t.same(faults, [], 'no deadlock, no lock wait, no broken count');
});

t.test('limits under races: one person, many requests, two processes (B4); two sessions do not help', async (t) => {
  const { url, pool } = await raceCourse(t, 4, 20, 1, { limits: { attemptsPerSession: 6 } });
  await pool.query('INSERT INTO allowance (scope_id, person, live) VALUES ?', [[['attempts', Buffer.from(idFor('other session'), 'base64url'), 0]]]);
  const engines = [startProcess(t, url).engine, startProcess(t, url).engine];
  const answers = await Promise.all(Array.from({ length: 40 }, (_, k) => (engines[k % 2] as HoldEngine).submit({
    kind: 'hold', show: SHOW, hold: idFor(`h ${k}`), person: fan(0).person, session: k % 4 < 2 ? fan(0).session : idFor('other session'),
    seats: k % 3 === 0 ? [2 * k, 2 * k + 1] : [2 * k],
  })));
  const seats = answers.filter(({ ok }) => ok).reduce((sum, answer) => sum + (valueOf(answer).hold?.seats.length ?? 0), 0);
  t.ok(seats === 4 || seats === 3, `${seats} of 4 seats`);
  // Giving back and taking again: the attempts run out before the seats do.
  for (const [k, answer] of answers.entries()) if (answer.ok) valueOf(await (engines[k % 2] as HoldEngine).submit({
    kind: 'release', show: SHOW, hold: idFor(`h ${k}`),
  }));
  const kinds = new Set<string>();
  let more = 0;
  for (let k = 0; k < 30 && !kinds.has('too-many-attempts'); k += 1) {
    const ids = [`again ${k} 0`, `again ${k} 1`];
    const pair = await Promise.all(ids.map((id, p) => (engines[p] as HoldEngine).submit(holdOf(id, 0, [10 + p]))));
    more += pair.filter(({ ok }) => ok).length;
    for (const [p, answer] of pair.entries()) if (answer.ok) valueOf(await (engines[p] as HoldEngine).submit({
      kind: 'release', show: SHOW, hold: idFor(ids[p] as string),
    }));
    for (const answer of pair) kinds.add(kindOf(answer));
  }
  t.ok(kinds.has('too-many-attempts'), [...kinds].join(' '));
  const [[attempts]] = await readArrays<[number]>(
    pool, "SELECT live FROM allowance WHERE scope_id = 'attempts' AND person = ?", [Buffer.from(fan(0).session, 'base64url')],
  ) as [[number]];
  t.equal(attempts, 6);
  t.ok(more <= 6);
  t.same(await findViolations(pool), []);
});

t.test('negative control: without locked reads a person passes the limit', async (t) => {
  const { url, pool } = await raceCourse(t, 4, 20, 30, { limits: { perPersonAndShow: 1, perOrder: 1, perPersonAndEvent: 1 } });
  const engines = [0, 1].map(() => startProcess(t, url, { unsafe: { withoutLocks: true } }).engine);
  let over = false;
  for (let n = 0; n < 30 && !over; n += 1) {
    const answers = await Promise.all(engines.map((engine, p) => engine.submit(holdOf(`h ${n} ${p}`, n, [2 * n + p]))));
    over = answers.every(({ ok }) => ok);
  }
  t.ok(over, 'two seats for one person whose limit is one');
  t.ok((await findViolations(pool)).some(({ invariant }) => invariant === 'B4'), 'and the audit sees it');
});

t.test("a stranger's idle transaction delays only its own rows, and never says taken (B8)", async (t) => {
  const { url, pool } = await raceCourse(t, 10, 20, 20);
  const { engine, faults } = startProcess(t, url);
  const stranger = await pool.acquire();
  await stranger.begin();
  await stranger.query('SELECT seat_no FROM seat WHERE show_id = ? AND seat_no < 21 FOR UPDATE', [SHOW]);
  await stranger.query("SELECT live FROM allowance WHERE scope_id = 'event/event' AND person = ? FOR UPDATE", [Buffer.from(fan(3).person, 'base64url')]);
  const began = performance.now();
  const [locked, lockedPerson, ...others] = await Promise.all([
    holdOf('a', 0, [20, 21]), holdOf('b', 3, [90]), ...Array.from({ length: 8 }, (_, n) => holdOf(`o ${n}`, 5 + n, [30 + n])),
  ].map(async (command) => {
    const answer = await engine.submit(command);
    return { kind: kindOf(answer), afterMs: performance.now() - began };
  }));
  t.same(others.map(({ kind }) => kind), Array.from({ length: 8 }, () => 'hold'));
  t.same([locked?.kind, lockedPerson?.kind], ['seat-busy', 'seat-busy']);
  t.ok(Math.max(...others.map(({ afterMs }) => afterMs)) < (locked?.afterMs ?? 0), 'nobody waited for the locked rows');
  t.same(faults, [], 'nothing ran into a lock wait');
  await stranger.rollback();
  stranger.release();
  t.equal(kindOf(await engine.submit(holdOf('a', 0, [20, 21]))), 'hold', 'the same request, once the stranger is gone');
  t.same(await findViolations(pool), []);
});

t.test('the answer to COMMIT is lost: the batch runs again and finds its own holds (B2)', async (t) => {
  const { url, pool } = await raceCourse(t, 10, 10, 30);
  const proxy = await commitProxy(t, url);
  const hot = poolOf(t, proxy.url, { connections: 3 });
  const books = openShowBooks({ pool });
  const engine = createHoldEngine({ pool: hot, reads: pool, books });
  t.teardown(async () => {
    await engine.close();
    await books.close();
  });
  await engine.submit(holdOf('warm', 29, [99]));
  proxy.loseNext();
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => engine.submit(holdOf(`h ${n}`, n, [2 * n, 2 * n + 1]))));
  t.equal(proxy.lost(), 1);
  for (const [n, answer] of answers.entries()) t.match(valueOf(answer), { again: true, hold: { id: idFor(`h ${n}`), seats: [2 * n, 2 * n + 1] } });
  t.same(await findViolations(pool), []);

  let notes = 0;
  proxy.loseNext(2);
  const settled = await engine.submit(
    { kind: 'order', show: SHOW, hold: idFor('h 0'), person: fan(0).person, order: idFor('order') }, async () => void (notes += 1),
  );
  t.match(valueOf(settled), { again: true, hold: { order: idFor('order') } });
  t.equal(notes, 1, 'what goes alongside was not written twice');
  proxy.loseNext(99);
  t.match(await engine.submit({ kind: 'release', show: SHOW, hold: idFor('h 1') }), { ok: true }, 'the second run commits nothing, or finds it done');
  proxy.loseNext(0);
  t.equal((await readHold(pool, SHOW, idFor('h 1')))?.state, 'released');
  t.same(await findViolations(pool), []);
});

t.test('expiry against confirming, at the very moment, from two processes: exactly one happens', async (t) => {
  const { url, pool } = await raceCourse(t, 10, 10, 40, { limits: { ordersPerEntry: 5 } });
  const random = seededRandom(SEED);
  let nowMs = Date.parse('2026-03-01T00:00:00Z');
  const buyer = startProcess(t, url, { config: { nowMs: () => nowMs } });
  // The sweeper's statements run on the first millisecond after the deadline, the buyer's on the last before.
  const sweeper = startProcess(t, url, { config: { nowMs: () => nowMs + 1 }, maps: false });
  const outcomes = new Map<string, number>();
  for (let round = 0; round < 30; round += 1) {
    const about = { show: SHOW, hold: idFor(`h ${round}`) };
    valueOf(await buyer.engine.submit({ ...holdOf(`h ${round}`, round, [2 * round, 2 * round + 1]), holdMs: 60_000 } as SeatCommand));
    valueOf(await buyer.engine.submit({ kind: 'order', ...about, person: fan(round).person, order: idFor(`o ${round}`) }));
    nowMs += 59_999;
    const later = randomBelow(random, 5) - 1;
    const [confirming, expire] = await Promise.all([
      sleep(Math.max(0, later)).then(() => buyer.engine.submit({ kind: 'confirming', ...about, order: idFor(`o ${round}`), attempt: idFor(`a ${round}`) })),
      sleep(Math.max(0, -later)).then(() => sweeper.engine.submit({ kind: 'expire', ...about })),
    ]);
    const outcome = [confirming.ok ? 'confirmed' : 'refused', expire.ok ? 'expired' : 'kept'].join(' ');
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (confirming.ok === expire.ok) t.fail(`round ${round}: ${outcome} ${kindOf(confirming)} ${kindOf(expire)}`);
  }
  t.comment(JSON.stringify(Object.fromEntries(outcomes)));
  t.equal(outcomes.size, 2, 'both ends of the race were seen');
  t.same(await findViolations(pool), []);
});

t.test('negative control: without locks and counts, a hold is confirmed and expired at once', async (t) => {
  const { url, pool } = await raceCourse(t, 10, 10, 40);
  let nowMs = Date.parse('2026-03-01T00:00:00Z');
  const unsafe = { withoutLocks: true, withoutCounts: true };
  const buyer = startProcess(t, url, { config: { nowMs: () => nowMs }, unsafe });
  const sweeper = startProcess(t, url, { config: { nowMs: () => nowMs + 1 }, maps: false, unsafe });
  let both = 0;
  for (let round = 0; round < 30 && both === 0; round += 1) {
    const about = { show: SHOW, hold: idFor(`h ${round}`) };
    valueOf(await buyer.engine.submit({ ...holdOf(`h ${round}`, round, [2 * round]), holdMs: 60_000 } as SeatCommand));
    valueOf(await buyer.engine.submit({ kind: 'order', ...about, person: fan(round).person, order: idFor(`o ${round}`) }));
    nowMs += 59_999;
    const [confirming, expire] = await Promise.all([
      buyer.engine.submit({ kind: 'confirming', ...about, order: idFor(`o ${round}`), attempt: idFor(`a ${round}`) }),
      sweeper.engine.submit({ kind: 'expire', ...about }),
    ]);
    if (confirming.ok && expire.ok) both += 1;
  }
  t.equal(both, 1);
  t.comment(JSON.stringify(await findViolations(pool)));
});

t.test('swaps across each other, while others grab what is given up: all new seats or all old ones, never neither', async (t) => {
  const { url, pool } = await raceCourse(t, 2, 10, 60, { limits: { attemptsPerSession: 1_000 } });
  const random = seededRandom(SEED);
  const engines = [startProcess(t, url).engine, startProcess(t, url).engine];
  for (let n = 0; n < 6; n += 1) valueOf(await (engines[0] as HoldEngine).submit(holdOf(`s ${n}`, n, [2 * n, 2 * n + 1])));
  const had = new Map<number, readonly number[]>(Array.from({ length: 6 }, (_, n) => [n, [2 * n, 2 * n + 1]]));
  for (let round = 0; round < 25; round += 1) {
    const swaps = Array.from({ length: 6 }, (_, n) => ({ n, seats: shuffled(random, Array.from({ length: 14 }, (_, seat) => seat)).slice(0, 2) }));
    const grabs = Array.from({ length: 2 }, (_, k) => ({ id: `grab ${round} ${k}`, n: 10 + 2 * round + k, seats: [randomBelow(random, 14)] }));
    const [answers, grabbed] = await Promise.all([
      Promise.all(swaps.map(({ n, seats }) => pick(random, engines).submit({ kind: 'swap', show: SHOW, hold: idFor(`s ${n}`), ...fan(n), seats }))),
      Promise.all(grabs.map(({ id, n, seats }) => pick(random, engines).submit(holdOf(id, n, seats)))),
    ]);
    for (const [k, answer] of answers.entries()) {
      const { n, seats } = swaps[k] as { n: number; seats: number[] };
      if (answer.ok) had.set(n, seats);
      const now = await readHold(pool, SHOW, idFor(`s ${n}`));
      t.strictSame([...(now?.seats ?? [])].sort(), [...(had.get(n) ?? [])].sort());
    }
    for (const [k, answer] of grabbed.entries()) if (answer.ok) valueOf(await (engines[0] as HoldEngine).submit({
      kind: 'release', show: SHOW, hold: idFor((grabs[k] as { id: string }).id),
    }));
    const violations = await findViolations(pool);
    if (violations.length > 0) return t.fail(JSON.stringify(violations));
  }
});

t.test('memory that is not fresh refuses nobody (B11); a database that is away is not "taken"', async (t) => {
  const { url } = await raceCourse(t, 2, 10, 5);
  const here = startProcess(t, url);
  valueOf(await here.engine.submit(holdOf('a', 0, [5])));
  const reads = poolOf(t, url, { connections: 1 });
  const hot = poolOf(t, url, { connections: 3 });
  const books = openShowBooks({ pool: reads });
  const there = createHoldEngine({ pool: hot, reads: hot, books });
  t.teardown(async () => {
    await there.close();
    await books.close();
  });
  t.equal(kindOf(await there.submit(holdOf('b', 1, [5]))), 'seat-taken');
  t.equal(there.gauges().fromMemory, 1);
  await reads.close();
  await sleep(600);
  t.equal((await books.open(SHOW))?.map.fresh(), false);
  valueOf(await here.engine.submit({ kind: 'release', show: SHOW, hold: idFor('a') }));
  t.equal((await books.open(SHOW))?.map.stateOf(5), 'held', 'what this process believes');
  t.equal(kindOf(await there.submit(holdOf('b', 1, [5]))), 'hold');
  await hot.close();
  t.equal(kindOf(await there.submit(holdOf('c', 2, [6]))), 'unavailable');
  t.equal(kindOf(await there.submit(holdOf('d', 2, [5]))), 'unavailable');
});

t.test("another process' seats are seen within the poll, deltas and gaps included", async (t) => {
  const { url, pool } = await raceCourse(t, 4, 10, 30);
  const [here, there] = [startProcess(t, url), startProcess(t, url)];
  const map = (await there.books.open(SHOW))?.map;
  if (map === undefined) return t.fail('no map');
  const advances: [number, number][] = [];
  map.onAdvance((from, version) => advances.push([from, version]));
  map.touch();
  const before = map.version;
  for (let n = 0; n < 5; n += 1) valueOf(await here.engine.submit(holdOf(`h ${n}`, n, [n])));
  const until = async (done: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 200 && !done(); tries += 1) await sleep(10);
  };
  await until(() => map.version >= before + 5);
  t.same([0, 1, 2, 3, 4, 5].map((seat) => map.stateOf(seat)), ['held', 'held', 'held', 'held', 'held', 'free']);
  t.same(map.since(before)?.changes, [[0, 1], [1, 1], [2, 1], [3, 1], [4, 1]]);
  t.equal(map.since(before + 99), undefined);
  t.match(map.counts(), { free: 35, held: 5 });
  t.equal(Buffer.from(map.snapshot().state, 'base64')[0], 0b01010101);
  t.equal(advances.at(-1)?.[1], map.version);
  t.ok(
    advances.every(([from, version], index) => from < version && (index === 0 || advances[index - 1]?.[1] === from)),
    'every advance goes on from the one before',
  );
  // Versions that are gone from the table: the whole state is read anew.
  await pool.query('UPDATE show_clock SET version = version + 100');
  await pool.query('DELETE FROM seat_delta');
  valueOf(await here.engine.submit(holdOf('gap', 9, [9])));
  await until(() => map.stateOf(9) === 'held' && map.version > before + 100);
  t.equal(map.stateOf(9), 'held');
  t.equal(map.since(before), undefined, 'what was in the gap is not known');
});
