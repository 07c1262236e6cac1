import t from 'tap';
import { setTimeout as sleep } from 'node:timers/promises';
import { invariant, randomBelow, seededRandom, valueOf, type OpaqueId, type ShowId } from '@onsale/kernel';
import {
  findExpired, findViolations, HOLD_MS, PAYING_MS, type CommandAnswer, type DecidableCommand, type SeatCommand,
} from '../src/index.ts';
import { readArrays } from '../src/store/lock-rows.ts';
import { ShowModel } from '../src/model/index.ts';
import { enterFans, fan, idFor, migratedDatabase, poolOf, publishedShow, SEED, SHOW, startProcess } from './own-show.ts';
import { randomTurn, sessionsOfWorld, someSession, WORLD, WORLD_LIMITS } from './random-commands.ts';

t.comment(`ONSALE_SEED=${SEED}`);
const kindOf = (answer: CommandAnswer): string => (answer.ok ? answer.value.kind : answer.refusal.kind);
/** Alternatives come from memory, which the model has none of; the order of changed seats is nobody's business. */
const comparable = (answer: CommandAnswer): unknown =>
  answer.ok
    ? {
      ...answer.value, changed: [...answer.value.changed].sort(),
      hold: answer.value.hold && { ...answer.value.hold, seats: [...answer.value.hold.seats].sort() },
    }
    : { ...answer.refusal, alternatives: [] };

for (const maps of [false, true]) {
  t.test(`fuzz: the engine ${maps ? 'with' : 'without'} seat map decides as the model, turn after turn`, async (t) => {
    const random = seededRandom(`${SEED} ${maps}`);
    let nowMs = Date.parse('2026-03-01T00:00:00Z');
    const url = await migratedDatabase(t);
    const pool = poolOf(t, url);
    await publishedShow(pool, 4, WORLD.seats / 4, { limits: WORLD_LIMITS });
    const TURNS = 120;
    await pool.query('INSERT INTO allowance (scope_id, person, live) VALUES ?', [
      sessionsOfWorld(TURNS * 6).flatMap(({ person, session }) => [
        ['attempts', session, 0], ['orders', session, 0], [`show/${SHOW}`, person, 0], ['event/event', person, 0],
      ])
        .map(([scope, id, live]) => [scope as string, Buffer.from(id as string, 'base64url'), live as number])
        .filter((row, index, all) => all.findIndex((other) => other[0] === row[0] && (other[1] as Buffer).equals(row[1] as Buffer)) === index),
    ]);
    const { engine, faults } = startProcess(t, url, { maps, config: { nowMs: () => nowMs } });
    const model = new ShowModel({ show: SHOW, seats: WORLD.seats, limits: WORLD_LIMITS });
    let holds = 0;
    for (let turn = 0; turn < TURNS; turn += 1) {
      const passed = randomBelow(random, 12_000);
      nowMs += passed;
      model.nowMs += passed;
      if (random() < 0.03) {
        const session = someSession(random, holds);
        if (!model.endedSessions.has(session)) await pool.query(
          "INSERT INTO session_end (sid, reason, at) VALUES (?, 'revoked', NOW(3))", [Buffer.from(session, 'base64url')],
        );
        model.endedSessions.add(session);
      }
      const commands = randomTurn(random, model, 6, () => (holds += 1));
      const expected = commands.map((command) => model.apply(command));
      const answers = await Promise.all(commands.map((command) => engine.submit(command)));
      // Memory may refuse a taken seat before the database would have refused something else; it never refuses what the model grants.
      if (maps) t.same(answers.map(({ ok }) => ok), expected.map(({ ok }) => ok), `turn ${turn}`);
      else t.strictSame(answers.map(comparable), expected.map(comparable), `turn ${turn}`);
      if (!t.passing()) return t.comment(JSON.stringify(commands.map((command, index) => [command, answers[index], expected[index]]), null, 1));
    }
    t.same(await findViolations(pool), []);
    const rows = await readArrays<[number, string, Buffer | null]>(pool, 'SELECT seat_no, state, claim FROM seat WHERE show_id = ?', [SHOW]);
    for (const [seat, state, claim] of rows) t.same([state, claim?.toString('base64url') ?? null], [model.stateOf(seat), model.ownerOf(seat)], `seat ${seat}`);
    t.same(faults, []);
    t.equal(engine.gauges().deferred, 0, 'nobody else was there');
    t.equal(engine.gauges().fromMemory > 0, maps, 'losers were answered from memory if there was one');
  });
}

t.test('one fan from hold to ticket, with deadlines by the database clock', async (t) => {
  let nowMs = Date.parse('2026-03-01T00:00:00Z');
  const url = await migratedDatabase(t);
  const pool = poolOf(t, url, { nowMs: () => nowMs });
  await publishedShow(pool, 4, 10);
  await enterFans(pool, 3);
  const { engine, books } = startProcess(t, url, { config: { nowMs: () => nowMs } });
  const hold = { kind: 'hold', show: SHOW, hold: idFor('a'), ...fan(0), seats: [3, 4], keyed: { key: idFor('k'), request: idFor('3 4') } } as const;
  const order = { kind: 'order', show: SHOW, hold: hold.hold, person: hold.person, order: idFor('order') } as const;
  const about = { show: SHOW, hold: hold.hold, attempt: idFor('attempt') } as const;
  const held = valueOf(await engine.submit(hold));
  t.match(held, { again: false, changed: [3, 4], hold: { state: 'live', remainingMs: HOLD_MS, seats: [3, 4] } });
  nowMs += 60_000;
  t.match(valueOf(await engine.submit(hold)), { again: true, hold: { remainingMs: HOLD_MS - 60_000 } }, 'the same request, the same hold');
  t.match(await engine.submit({ ...hold, seats: [5], keyed: { ...hold.keyed, request: idFor('5') } }), { refusal: { kind: 'key-reused' } });
  t.match(await engine.submit({ ...order, person: fan(1).person }), { refusal: { kind: 'no-hold' } }, "another's hold is not there");
  t.match(
    valueOf(await engine.submit({ kind: 'swap', show: SHOW, hold: hold.hold, ...fan(0), seats: [4, 5] })),
    { changed: [5, 3], hold: { seats: [4, 5], remainingMs: HOLD_MS - 60_000 } }, 'a swap gains no time',
  );
  t.match(valueOf(await engine.submit(hold)), { again: true, hold: { seats: [4, 5] } }, 'the first request again shows what became of its hold');
  let written = 0;
  const count = async (): Promise<void> => void (written += 1);
  valueOf(await engine.submit(order, count));
  valueOf(await engine.submit(order, count));
  t.equal(written, 1, 'what goes alongside is written once');
  t.match(valueOf(await engine.submit({ kind: 'lengthen', order: order.order, ...about })), { hold: { remainingMs: PAYING_MS } });
  nowMs += 60_000;
  t.match(
    valueOf(await engine.submit({ kind: 'lengthen', order: order.order, ...about, attempt: idFor('second') })),
    { hold: { remainingMs: PAYING_MS - 60_000 } }, 'once',
  );
  valueOf(await engine.submit({ kind: 'confirming', order: order.order, ...about }));
  nowMs += 3_600_000;
  t.same(await findExpired(pool), [], 'no clock ends a hold that is being confirmed (B5)');
  t.match(await engine.submit({ kind: 'confirming', order: order.order, ...about, attempt: idFor('second') }), { refusal: { kind: 'payment-in-progress' } });
  t.match(valueOf(await engine.submit({ kind: 'resume', ...about })), { hold: { state: 'live', remainingMs: 120_000 } }, 'after a refused card, two minutes');
  valueOf(await engine.submit({ kind: 'confirming', order: order.order, ...about, attempt: idFor('second') }));
  t.match(
    valueOf(await engine.submit({ kind: 'settle', ...about, attempt: idFor('second') })),
    { changed: [4, 5], hold: { state: 'settled', remainingMs: 0 } },
  );
  t.match(valueOf(await engine.submit({ kind: 'return', show: SHOW, hold: hold.hold, seats: [4], to: 'free' })), { changed: [4], hold: { seats: [5] } });
  t.same(await findViolations(pool), []);
  const map = (await books.open(SHOW))?.map;
  t.same([3, 4, 5].map((seat) => map?.stateOf(seat)), ['free', 'free', 'sold']);
});

t.test('refusals before the queue, and limits', async (t) => {
  const url = await migratedDatabase(t);
  const pool = poolOf(t, url);
  await publishedShow(pool, 4, 10);
  await publishedShow(pool, 2, 10, { show: 'second' as ShowId });
  await publishedShow(pool, 2, 10, { show: 'over' as ShowId, closesAt: new Date('2021-01-01T00:00:00Z'), event: 'other' });
  await enterFans(pool, 4, [SHOW, 'second' as ShowId, 'over' as ShowId]);
  const { engine, books } = startProcess(t, url);
  const ask = async (
    seats: number[], n = 0, show = SHOW,
  ) => kindOf(await engine.submit({ kind: 'hold', show, hold: idFor(`${show} ${n} ${seats}`), ...fan(n), seats }));
  t.equal(await ask([0], 0, 'nowhere' as ShowId), 'unknown-show');
  t.equal(await ask([0], 0, 'over' as ShowId), 'sale-closed');
  t.equal(await ask([40]), 'unknown-seat');
  t.equal(await ask([-1]), 'unknown-seat');
  t.equal(await ask([1, 1]), 'unknown-seat');
  t.equal(await ask([]), 'unknown-seat');
  t.equal(await ask([0, 1, 2, 3, 4]), 'limit');
  t.equal(await ask([0, 1, 2]), 'hold');
  t.equal(await ask([3, 4]), 'limit', 'four for one person and show');
  t.equal(await ask([3]), 'hold');
  t.equal(await ask([0, 1, 2, 3], 0, 'second' as ShowId), 'hold');
  t.match(await engine.submit({ kind: 'hold', show: SHOW, hold: idFor('x'), ...fan(0), seats: [9] }), { refusal: { kind: 'limit', scope: 'show', max: 4 } });
  await pool.query("UPDATE show_sale SET per_person_and_show = 10 WHERE show_id = 'second'");
  await books.close();
  const second = startProcess(t, url);
  t.match(
    await second.engine.submit({ kind: 'hold', show: 'second' as ShowId, hold: idFor('y'), ...fan(0), seats: [9] }),
    { refusal: { kind: 'limit', scope: 'event', max: 8 } },
  );
  t.match(
    await second.engine.submit({ kind: 'hold', show: SHOW, hold: idFor('z'), ...fan(99), seats: [9] }), { refusal: { kind: 'session-ended' } },
    'who never entered has no allowance',
  );
  const taken = await second.engine.submit({ kind: 'hold', show: SHOW, hold: idFor('w'), ...fan(1), seats: [2, 3] });
  t.match(taken, { refusal: { kind: 'seat-taken', seats: [2, 3] } });
  const sets = !taken.ok && taken.refusal.kind === 'seat-taken' ? taken.refusal.alternatives : [];
  t.ok(sets.length > 0 && sets.every((seats) => seats.length === 2));
});

t.test('best available, orphan rule and operators', async (t) => {
  const url = await migratedDatabase(t);
  const pool = poolOf(t, url);
  await publishedShow(pool, 2, 8, { orphanRule: true });
  await enterFans(pool, 40);
  const { engine } = startProcess(t, url);
  const best = (
    n: number, quantity: number, grade?: string,
  ): SeatCommand => ({ kind: 'best-available', show: SHOW, hold: idFor(`best ${n}`), ...fan(n), quantity, ...(grade === undefined ? {} : { grade }) });
  const crowd = await Promise.all(Array.from({ length: 5 }, (_, n) => engine.submit(best(n, 2))));
  const seats = crowd.flatMap((answer) => valueOf(answer).hold?.seats ?? []);
  t.equal(new Set(seats).size, 10, 'no two were given one seat');
  t.ok(crowd.every((answer) => valueOf(answer).adjacent));
  t.match(valueOf(await engine.submit(best(0, 2))), { again: true, hold: { seats: valueOf(crowd[0] as CommandAnswer).hold?.seats } });
  t.equal(kindOf(await engine.submit(best(6, 3, 'R'))), 'sold-out');
  t.equal(kindOf(await engine.submit(best(6, 3, 'Q'))), 'sold-out');
  const free = Array.from({ length: 16 }, (_, seat) => seat).filter((seat) => !seats.includes(seat));
  t.match(valueOf(await engine.submit({ kind: 'block', show: SHOW, seats: [...seats.slice(0, 2), ...free] })), { changed: free, untouched: seats.slice(0, 2) });
  t.equal(kindOf(await engine.submit(best(7, 1))), 'sold-out');
  t.match(valueOf(await engine.submit(best(1, 2))), { again: true }, 'what has its seats is answered again, also when nothing else is left');
  t.match(valueOf(await engine.submit({ kind: 'unblock', show: SHOW, seats: free })), { changed: free });

  await publishedShow(pool, 1, 10, { show: 'row' as ShowId, orphanRule: true, event: 'row' });
  await enterFans(pool, 5, ['row' as ShowId], 100);
  const row = (n: number, seats: number[]) => engine.submit({ kind: 'hold', show: 'row' as ShowId, hold: idFor(`row ${n} ${seats}`), ...fan(100 + n), seats });
  t.match(await row(0, [1, 2]), { refusal: { kind: 'orphan-seat', seats: [0] } });
  t.ok((await row(0, [0, 1])).ok);
  t.match(await row(1, [3, 4]), { refusal: { kind: 'orphan-seat', seats: [2] } });
  t.same(await findViolations(pool), []);
});

t.test('the statements of a batch use the primary keys, at 400 and at 15,000 seats', async (t) => {
  const url = await migratedDatabase(t);
  const pool = poolOf(t, url);
  await pool.query(
    "INSERT INTO session_end (sid, reason, at) VALUES ?",
    [Array.from({ length: 2_000 }, (_, n) => [Buffer.from(idFor(`end ${n}`), 'base64url'), 'finished', new Date()])],
  );
  for (const [show, rows] of [['small', 4], ['large', 150]] as const) {
    await publishedShow(pool, rows, 100, { show: show as ShowId, event: show });
    await enterFans(pool, 130, [show as ShowId], rows * 1_000);
    const statements = new Map<string, string>();
    const { engine, pool: hot } = startProcess(t, url);
    const acquire = hot.acquire.bind(hot);
    hot.acquire = async () => {
      const connection = await acquire();
      const query = connection.query.bind(connection);
      connection.query = async (sql, values) => {
        const text = typeof sql === 'string' ? sql : sql.sql;
        if (/^(SELECT|UPDATE)/.test(text) && !statements.has(text)) statements.set(text, await explain(query, text, values ?? []));
        return query(sql, values) as never;
      };
      return connection;
    };
    const seatsOf = (n: number): number[] => [2 * n, 2 * n + 1];
    const holds = Array.from(
      { length: 128 },
      (_, n): DecidableCommand => ({ kind: 'hold', show: show as ShowId, hold: idFor(`${show} ${n}`), ...fan(rows * 1_000 + n), seats: seatsOf(n) }),
    );
    for (const answer of await Promise.all(holds.map((command) => engine.submit(command)))) valueOf(answer);
    const ends = holds.map(({ show, ...rest }) => ({ kind: 'release' as const, show, hold: (rest as { hold: OpaqueId }).hold }));
    for (const answer of await Promise.all(ends.map((command) => engine.submit(command)))) valueOf(answer);
    for (const table of ['session_end', 'allowance', 'hold', 'seat']) t.ok(
      [...statements.keys()].some((text) => text.includes(` ${table} `)), `${table} was explained`,
    );
    for (const [text, plan] of statements) t.match(plan, /^(const|eq_ref|range|ref|null):(PRIMARY|null)$/, `${show}: ${plan} for ${text.slice(0, 60)}`);
  }
});

/** `type:key` of the plan; a lookup that found no row at all has neither. */
async function explain(query: (sql: string, values: never) => Promise<[unknown, unknown]>, text: string, values: unknown): Promise<string> {
  const [[plan]] = (await query(`EXPLAIN FORMAT=TRADITIONAL ${text}`, values as never)) as unknown as [[Record<string, string | null>]];
  invariant(plan !== undefined, 'no plan');
  return `${plan['type']}:${plan['key']}`;
}

t.test('negative control: findViolations sees seats sold past the engine', async (t) => {
  const url = await migratedDatabase(t);
  const pool = poolOf(t, url);
  await publishedShow(pool, 2, 10);
  await enterFans(pool, 2);
  const { engine } = startProcess(t, url);
  valueOf(await engine.submit({ kind: 'hold', show: SHOW, hold: idFor('a'), ...fan(0), seats: [0, 1] }));
  await sleep(1);
  t.same(await findViolations(pool, SHOW), []);
  await pool.query("UPDATE seat SET claim = ? WHERE seat_no = 1", [Buffer.alloc(16, 7)]);
  t.ok((await findViolations(pool, SHOW)).some(({ invariant }) => invariant === 'B1'));
  await pool.query("UPDATE seat SET state = 'free', claim = NULL WHERE seat_no IN (0, 1)");
  t.ok((await findViolations(pool)).some(({ invariant }) => invariant === 'B1'));
  await pool.query("UPDATE seat SET state = 'held', claim = ? WHERE seat_no IN (0, 1)", [Buffer.from(idFor('a'), 'base64url')]);
  t.same(await findViolations(pool), []);
  await pool.query('UPDATE allowance SET live = live + 1');
  t.ok((await findViolations(pool)).some(({ invariant }) => invariant === 'B4'));
  t.rejects(pool.query("UPDATE seat SET claim = NULL WHERE seat_no = 0"), 'the schema keeps state and claim together');
});
