import t from 'tap';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inTransaction, migrate } from '@onsale/database';
import { valueOf, type OpaqueId, type Place, type RoomId, type ShowId } from '@onsale/kernel';
import { startDatabase } from '@onsale/services';
import {
  eraseShow, findExpired, findViolations, holdsOfSession, idSecret, insertOrder, issueTickets, keyedId, lockOrder, moveLines, moveOrder,
  moveTicket,
  BOOK_UNUSED_MS, nameSeat, openShowBooks,
  openEntrySessions, ordersInState, ordersOfPerson, priceSeats, pruneDeltas, publishShow, readOrder, refundLine, ticketsOf, type NewEntrySession,
} from '../src/index.ts';
import { readArrays } from '../src/store/lock-rows.ts';
import { enterFans, fan, hall, idFor, migratedDatabase, poolOf, publishedShow, ROOM, SEED, SHOW, showOf, startProcess } from './own-show.ts';

t.comment(`ONSALE_SEED=${SEED}`);
const RC = { isolation: 'read committed' } as const;
const until = async (done: () => boolean): Promise<boolean> => {
  for (let tries = 0; tries < 300 && !done(); tries += 1) await sleep(10);
  return done();
};

t.test('entry sessions: redeemed once, the same answer again, ended for writers at once and for readers soon', async (t) => {
  const url = await migratedDatabase(t);
  const pool = poolOf(t, url);
  await publishedShow(pool, 4, 10);
  const sessions = openEntrySessions({ pool });
  const other = openEntrySessions({ pool: poolOf(t, url, { connections: 1 }) });
  t.teardown(() => Promise.all([sessions.close(), other.close()]));
  const session = (n: number, more: Partial<NewEntrySession> = {}): NewEntrySession => ({
    sid: fan(n).session, room: ROOM, place: (2 ** 32 + n + 1) as Place, person: fan(n).person, binding: `binding ${n}`, shows: [SHOW],
    lastsMs: 60_000, ...more,
  });
  const statements = pool.gauges().statements;
  const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => sessions.redeem(session(n))));
  t.ok(answers.every((answer) => valueOf(answer).remainingMs > 50_000 && !valueOf(answer).again));
  t.ok(pool.gauges().statements - statements < 20, 'a hundred newcomers shared one transaction');
  t.match(valueOf(await sessions.redeem(session(3))), { again: true });
  t.match(await sessions.redeem(session(3, { sid: idFor('thief') })), { refusal: { kind: 'token-used' } });
  t.match(await Promise.all([
    sessions.redeem(session(200)), sessions.redeem(session(200, { sid: idFor('twin') })), other.redeem(session(200, { sid: idFor('twin 2') })),
  ]).then((all) => all.filter(({ ok }) => ok).length), 1, 'one of three');
  t.match(await sessions.redeem(session(300, { shows: ['nowhere' as ShowId] })), { refusal: { kind: 'unknown-show' } });
  t.match(await sessions.read(fan(3).session), { room: ROOM, person: fan(3).person, binding: 'binding 3', shows: [SHOW], lastsMs: 60_000, ended: false });
  t.equal(await sessions.read(idFor('nobody')), undefined);

  const { engine } = startProcess(t, url);
  valueOf(await engine.submit({ kind: 'hold', show: SHOW, hold: idFor('a'), ...fan(3), seats: [1] }));
  t.same(await sessions.use(fan(3).session), { attempts: 1, orders: 0 });
  t.match(await holdsOfSession(pool, SHOW, fan(3).session, 10), [{ id: idFor('a'), seats: [1] }]);
  await inTransaction(pool, RC, (tx) => sessions.end(tx, fan(3).session, 'revoked'));
  await inTransaction(pool, RC, (tx) => sessions.end(tx, fan(3).session, 'left'));
  t.match(
    await engine.submit({ kind: 'hold', show: SHOW, hold: idFor('b'), ...fan(3), seats: [2] }), { refusal: { kind: 'session-ended' } },
    'in the writing transaction',
  );
  t.match(
    await engine.submit({ kind: 'order', show: SHOW, hold: idFor('a'), person: fan(3).person, order: idFor('o') }),
    { refusal: { kind: 'session-ended' } },
  );
  t.ok(await until(() => other.isEnded(fan(3).session)), 'another process hears of it');
  t.ok(!other.isEnded(fan(4).session) && other.knowsEnds());
  t.match(await sessions.read(fan(3).session), { ended: true });
  const [[reason]] = (await readArrays<[string]>(pool, 'SELECT reason FROM session_end', [])) as [[string]];
  t.equal(reason, 'revoked', 'the first reason stays');
  const living = await sessions.living(ROOM, 0, 500);
  t.equal(living.length, 100);
  t.notOk(living.some(({ sid }) => sid === fan(3).session));
  t.equal((await sessions.living('other' as RoomId, 0, 5)).length, 0);
});

t.test('many orders of one transaction: each its own answer, in a few statements', async (t) => {
  const url = await migratedDatabase(t);
  const said: string[] = [];
  const pool = poolOf(t, url, { onQuery: (sql) => said.push(sql) });
  await publishedShow(pool, 4, 10);
  const line = { seat: 3, grade: 'R', face: 100, fee: 0, coupon: 0, points: 0, paid: 100 } as const;
  const orders = Array.from({ length: 12 }, (_, n) => idFor(`order ${n}`));
  await inTransaction(pool, RC, (tx) => Promise.all(orders.map((id, n) => insertOrder(tx, {
    id, show: SHOW, hold: idFor(`hold ${n}`), person: fan(n).person, session: null, account: null, keyHash: Buffer.alloc(32, n), currency: 'KRW',
    lines: [{ ...line, seat: n }, { ...line, seat: n + 12 }], feePolicy: 1, buyer: { name: null, email: null }, request: '',
  }))));
  t.same((await Promise.all(orders.map((id) => readOrder(pool, id)))).map((order) => [order?.id, order?.lines.map(({ seat }) => seat), order?.amount]),
    orders.map((id, n) => [id, [n, n + 12], 200]));
  said.length = 0;
  // The first four are paying already, the last is nobody's, and one is asked for twice.
  await inTransaction(pool, RC, (tx) => Promise.all(orders.slice(0, 4).map((id) => moveOrder(tx, id, 'paying'))));
  t.equal(said.filter((sql) => sql.startsWith('UPDATE')).length, 1);
  const asked = [...orders, orders[5] as OpaqueId, idFor('nobody')];
  const moved = await inTransaction(pool, RC, (tx) => Promise.all(asked.map((id) => moveOrder(tx, id, 'paying', { from: ['open'] }))));
  t.same(moved, asked.map((_, index) => index >= 4 && index < 12), 'paying is not open any more, and of two only the first moves');
  const mixed = await inTransaction(pool, RC, (tx) => Promise.all([
    moveOrder(tx, orders[0] as OpaqueId, 'confirming'), moveOrder(tx, orders[1] as OpaqueId, 'expired'), moveOrder(tx, orders[2] as OpaqueId, 'refunded'),
    moveOrder(tx, orders[3] as OpaqueId, 'paying', { refusal: { code: 'REJECTED', message: '거절' } }),
  ]));
  t.same(mixed, [true, true, false, false]);
  t.same((await Promise.all(orders.slice(0, 4).map((id) => readOrder(pool, id)))).map((order) => order?.state), ['confirming', 'expired', 'paying', 'paying']);
  await inTransaction(pool, RC, (tx) => moveOrder(tx, orders[0] as OpaqueId, 'paid'));
  const issued = await inTransaction(pool, RC, (tx) => Promise.all(orders.slice(0, 3).map((id, n) => (
    n === 1 ? 0 : issueTickets(tx, id, (at) => idFor(`ticket ${n} ${at}`))
  ))));
  t.same(issued, [2, 0, 2]);
  t.same((await Promise.all(orders.slice(0, 3).map((id) => ticketsOf(pool, id)))).map((all) => all.map(({ seat }) => seat)), [[0, 12], [], [2, 14]]);
});

t.test('an order from hold to tickets and back, along its diagram only', async (t) => {
  const url = await migratedDatabase(t);
  const pool = poolOf(t, url);
  await publishedShow(pool, 4, 10);
  await enterFans(pool, 3);
  const { engine, books } = startProcess(t, url);
  const index = (await books.open(SHOW))?.index;
  if (index === undefined) return t.fail('no show');
  const [order, hold, attempt] = [idFor('order'), idFor('hold'), idFor('attempt')];
  const about = { show: SHOW, hold, attempt } as const;
  valueOf(await engine.submit({ kind: 'hold', show: SHOW, hold, ...fan(0), seats: [3, 25] }));
  valueOf(await engine.submit({ kind: 'order', show: SHOW, hold, person: fan(0).person, order }, async (tx, done) => {
    const lines = valueOf(priceSeats((done.hold?.seats ?? []).map((seat) => nameSeat(index, seat)), { coupon: 10_000 }));
    await insertOrder(tx, {
      id: order, show: SHOW, hold, person: fan(0).person, session: fan(0).session, account: null, keyHash: Buffer.alloc(32, 1), currency: 'KRW', lines,
      feePolicy: 1,
      buyer: { name: '김하늘', email: null },
      request: '',
    });
  }));
  t.match(await readOrder(pool, order), {
    state: 'open', amount: 204_000, hold, buyer: { name: '김하늘', email: null },
    lines: [{ seat: 3, grade: 'R', face: 120_000, fee: 2_000 }, { seat: 25, grade: 'S' }],
  });
  t.same(await findViolations(pool), []);
  const move = (
    to: Parameters<typeof moveOrder>[2], options?: Parameters<typeof moveOrder>[3],
  ) => inTransaction(pool, RC, (tx) => moveOrder(tx, order, to, options));
  t.equal(await move('confirming'), false, 'not from open');
  t.equal(await move('paying'), true);
  valueOf(await engine.submit({ kind: 'confirming', ...about, order }, async (tx) => void (await moveOrder(tx, order, 'confirming'))));
  t.equal(await move('paying', { from: ['open'] }), false);
  t.same(await findViolations(pool), []);
  let ticket = 0;
  valueOf(await engine.submit({ kind: 'settle', ...about }, async (tx) => {
    await moveOrder(tx, order, 'paid', { refusal: null });
    t.equal(await issueTickets(tx, order, () => idFor(`ticket ${(ticket += 1)}`)), 2);
    t.equal(await issueTickets(tx, order, () => idFor('more')), 0, 'once');
  }));
  t.match(await readOrder(pool, order), { state: 'paid', paidAt: Date, lines: [{ state: 'paid' }, { state: 'paid' }] });
  t.match(await ticketsOf(pool, order), [{ seat: 3, state: 'valid', generation: 1 }, { seat: 25, state: 'valid' }]);
  t.same(await findViolations(pool), []);
  t.equal((await ordersOfPerson(pool, { person: fan(0).person }, 5)).length, 1);
  t.equal((await ordersOfPerson(pool, { account: fan(0).person }, 5)).length, 0);
  t.same(await ordersInState(pool, 'paid', { show: SHOW, limit: 5 }), [order]);
  await inTransaction(pool, RC, async (tx) => {
    t.equal((await lockOrder(tx, order))?.state, 'paid');
    t.equal(await moveLines(tx, order, 'paid', 'cancelling', [0]), 1);
    t.equal(await moveTicket(tx, idFor('ticket 1'), 'valid', 'void'), true);
    t.equal(await moveTicket(tx, idFor('ticket 1'), 'valid', 'void'), false);
    t.equal(await refundLine(tx, order, 0, 100_000), true);
    t.equal(await refundLine(tx, order, 0, 100_000), false, 'once');
  });
  valueOf(await engine.submit({ kind: 'return', show: SHOW, hold, seats: [3], to: 'free' }));
  t.same(await findViolations(pool), []);
  await pool.query('UPDATE ticket_order SET amount = amount - 1');
  t.ok((await findViolations(pool)).some(({ invariant }) => invariant === 'B6'), 'negative control: a wrong sum is seen');
  t.rejects(pool.query('UPDATE order_line SET paid = paid + 1 WHERE line = 1'), 'the schema keeps a line adding up');
});

t.test('what is due is found by the database clock, and old deltas go', async (t) => {
  let nowMs = Date.parse('2026-03-01T00:00:00Z');
  const url = await migratedDatabase(t);
  const pool = poolOf(t, url, { nowMs: () => nowMs });
  await publishedShow(pool, 4, 10);
  await enterFans(pool, 4);
  const { engine } = startProcess(t, url, { config: { nowMs: () => nowMs } });
  for (let n = 0; n < 3; n += 1) valueOf(await engine.submit({
    kind: 'hold', show: SHOW, hold: idFor(`h ${n}`), ...fan(n), seats: [n], holdMs: 60_000 * (n + 1),
  }));
  t.same(await findExpired(pool), []);
  nowMs += 120_000;
  const due = await findExpired(pool);
  t.same(due.map(({ hold }) => hold), [idFor('h 0'), idFor('h 1')], 'oldest first, to the millisecond');
  for (const command of due) t.match(valueOf(await engine.submit(command)), { hold: { state: 'expired' }, again: false });
  for (const command of due) t.match(valueOf(await engine.submit(command)), { again: true }, 'two sweepers are harmless');
  t.match(await engine.submit({ kind: 'expire', show: SHOW, hold: idFor('h 2') }), { refusal: { kind: 'hold-state', state: 'live' } });
  const about = { show: SHOW, hold: idFor('h 2'), attempt: idFor('a') } as const;
  valueOf(await engine.submit({ kind: 'order', show: SHOW, hold: idFor('h 2'), person: fan(2).person, order: idFor('o') }));
  valueOf(await engine.submit({ kind: 'confirming', ...about, order: idFor('o') }));
  valueOf(await engine.submit({ kind: 'await-deposit', ...about, dueMs: 3_600_000 }));
  nowMs += 3_600_000;
  t.same(await findExpired(pool), [], 'an awaited deposit is looked up, not let go by the clock');
  t.ok((await pruneDeltas(pool, 100)) > 0);
  t.equal(await pruneDeltas(pool, 100), 0);
});

t.test('a show is published once; cut off, it is taken up again; erased, it starts anew under the eyes of a running process', async (t) => {
  const url = await migratedDatabase(t);
  const pool = poolOf(t, url);
  const show = showOf(hall(30, 100));
  await pool.query('CREATE TRIGGER cut_off BEFORE INSERT ON seat FOR EACH ROW BEGIN IF NEW.seat_no = 2500 THEN SIGNAL SQLSTATE \'45000\'; END IF; END');
  await t.rejects(publishShow(pool, show));
  const { books, engine } = startProcess(t, url);
  t.equal(await books.open(SHOW), undefined, 'half a show is not there');
  await pool.query('DROP TRIGGER cut_off');
  t.equal(await publishShow(pool, show), 'published');
  t.equal(await publishShow(pool, show), 'already');
  await t.rejects(publishShow(pool, { ...show, show: 'bad' as ShowId, closesAt: show.opensAt }), 'a sale that never opens');
  const [[seats]] = (await readArrays<[number]>(pool, 'SELECT COUNT(*) FROM seat', [])) as [[number]];
  t.equal(seats, 3_000);
  await enterFans(pool, 2);
  await sleep(1_000);
  valueOf(await engine.submit({ kind: 'hold', show: SHOW, hold: idFor('a'), ...fan(0), seats: [5] }));
  const map = (await books.open(SHOW))?.map;
  t.equal(map?.stateOf(5), 'held');
  await eraseShow(pool, SHOW);
  t.equal(await publishShow(pool, show), 'published');
  t.ok(await until(() => map?.stateOf(5) === 'free'), 'the running process reads the new seats');
  await enterFans(pool, 1, [SHOW], 50);
  valueOf(await engine.submit({ kind: 'hold', show: SHOW, hold: idFor('b'), ...fan(50), seats: [5] }));
  t.same(await findViolations(pool), []);
});

t.test('ids from keys: the same for the same request, another for anything else', async (t) => {
  const secret = idSecret(Buffer.alloc(32, 7));
  const id = keyedId(secret, 'hold', fan(0).session, 'key-1');
  t.equal(keyedId(secret, 'hold', fan(0).session, 'key-1'), id);
  t.equal(new Set([
    id, keyedId(secret, 'order', fan(0).session, 'key-1'), keyedId(secret, 'hold', fan(1).session, 'key-1'),
    keyedId(secret, 'hold', fan(0).session, 'key-2'),
  ]).size, 4);
});

t.test('kill -9 of the database in the middle of a sale: every acknowledged hold is there (B2)', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'booking-'));
  const server = await startDatabase({ dir });
  t.teardown(async () => {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  await migrate(server.url);
  const pool = poolOf(t, server.url);
  await publishedShow(pool, 20, 100);
  await enterFans(pool, 500);
  const { engine } = startProcess(t, server.url);
  const acknowledged = new Set<number>();
  let undecided = 0;
  let killed: Promise<void> | undefined;
  await Promise.all(Array.from({ length: 40 }, async (_, client) => {
    for (let turn = 0; turn < 12; turn += 1) {
      const n = client * 12 + turn;
      const answer = await engine.submit({ kind: 'hold', show: SHOW, hold: idFor(`h ${n}`), ...fan(n), seats: [2 * n, 2 * n + 1] });
      if (answer.ok) acknowledged.add(n);
      else undecided += 1;
      if (acknowledged.size > 40) killed ??= server.kill().then(() => server.restart());
      // Slower from now on, so that the sale is not over before the database has died.
      if (killed !== undefined) await sleep(20);
    }
  }));
  await killed;
  // A restart is quick: the engine's own retries may have bridged it for everybody.
  const { retries } = engine.gauges();
  t.ok(killed !== undefined && undecided + retries > 0, `${acknowledged.size} acknowledged, ${undecided} undecided, ${retries} retries`);
  for (let tries = 0; tries < 50; tries += 1) if (await pool.query('SELECT 1').then(() => true, () => sleep(100).then(() => false))) break;
  const rows = await readArrays<[Buffer]>(pool, "SELECT id FROM hold WHERE state = 'live'", []);
  const stored = new Set(rows.map(([id]) => id.toString('base64url') as string));
  t.same([...acknowledged].filter((n) => !stored.has(idFor(`h ${n}`))), []);
  t.same(await findViolations(pool), []);
  // The same requests again: every one is decided now, and no one holds twice.
  for (let n = 0; n < 480; n += 1) if (!acknowledged.has(n)) valueOf(await engine.submit({
    kind: 'hold', show: SHOW, hold: idFor(`h ${n}`), ...fan(n), seats: [2 * n, 2 * n + 1],
  }));
  t.same(await findViolations(pool), []);
});

t.test('books that nobody uses are let go, at most so many are open, and those in use stay', async (t) => {
  const url = await migratedDatabase(t);
  const pool = poolOf(t, url, { connections: 4 });
  const shows = Array.from({ length: 5 }, (_, n) => `show-${n}` as ShowId);
  for (const show of shows) await publishedShow(pool, 1, 4, { show });
  let monotonicMs = 0;
  const books = openShowBooks({ pool, booksMax: 3, monotonicMs: () => monotonicMs });
  t.teardown(() => books.close());
  const [first, second, third, fourth, fifth] = shows as [ShowId, ShowId, ShowId, ShowId, ShowId];
  const isOpen = (show: ShowId): boolean => books.openShows().includes(show);
  for (const show of [first, second, third]) await books.open(show);
  await t.rejects(books.open(fourth), { name: 'DatabaseBusy' }, 'all of them are in use');
  monotonicMs += 40_000;
  books.peek(second)?.map.touch();
  books.peek(third);
  await books.open(fourth);
  t.same(shows.map(isOpen), [false, true, true, true, false], 'the one unused longest has made room');
  monotonicMs += BOOK_UNUSED_MS - 1_000;
  books.peek(third)?.map.touch();
  monotonicMs += 1_000;
  const before = books.peek(third);
  const deadline = performance.now() + 10_000;
  while (isOpen(second) && performance.now() < deadline) await sleep(50);
  t.same(shows.map(isOpen), [false, false, true, false, false], 'nobody has used the others for five minutes');
  t.equal(books.peek(third), before);
  t.equal((await books.open(second))?.show, second, 'and whoever comes again is served');
  await Promise.all([first, fifth].map((show) => books.open(show).catch(() => undefined)));
  t.ok(books.openShows().length <= 3, 'also when several are read at once');
});
