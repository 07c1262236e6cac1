import t from 'tap';
import { MINUTE_MS, pick, seededRandom, valueOf } from '@onsale/kernel';
import { readSessionUse } from '@onsale/booking';
import { endIdleSessions, expireHolds, releaseHold } from '../src/index.ts';
import { openShop, SHOW, startSandbox, type Fan } from './shop.ts';

/** A session that has held nothing for five minutes ends, and its slot goes to the next fan; never one that holds something. */
t.setTimeout(180_000);
const SEED = process.env['ONSALE_SEED'] ?? String(Date.now());
t.comment(`ONSALE_SEED=${SEED}`);
const sandbox = await startSandbox(t);
const shop = await openShop(t, sandbox);
const { context } = shop;
const bytes = (id: string): Buffer => Buffer.from(id, 'base64url');
const hold = async ({ person, session }: Fan, seats: readonly number[]) => {
  const id = context.newId();
  return { id, answer: await context.engine.submit({ kind: 'hold', show: SHOW, hold: id, person, session, seats }) };
};
const endOf = async ({ session }: Fan) => (await shop.rows('SELECT reason FROM session_end WHERE sid = ?', [bytes(session)]))[0]?.['reason'] ?? null;
const idleMs = async ({ session }: Fan) => (await readSessionUse(context.database.reads, session))?.idleForMs ?? Infinity;

t.test('the time runs from the entry, or from the end of the last hold', async (t) => {
  const [idle, holding, giver, lapser] = [await shop.fan(), await shop.fan(), await shop.fan(), await shop.fan()];
  valueOf((await hold(holding, [0])).answer);
  const given = await hold(giver, [1]);
  valueOf((await hold(lapser, [2])).answer);
  shop.later(4 * MINUTE_MS);
  await endIdleSessions(context);
  t.same(await Promise.all([idle, holding, giver, lapser].map(endOf)), [null, null, null, null], 'nobody before five minutes');
  t.match(await readSessionUse(context.database.reads, holding.session), { holds: true });
  valueOf(await releaseHold(context, { show: SHOW, id: given.id, person: giver.person }));
  shop.later(MINUTE_MS + 1_000);
  await endIdleSessions(context);
  t.same(await Promise.all([idle, holding, giver, lapser].map(endOf)), ['idle', null, null, null]);
  t.ok((await idleMs(giver)) < 2 * MINUTE_MS, 'counted from when the seats were given back');
  const finish = await shop.rows("SELECT payload FROM outbox WHERE kind = 'finish'");
  t.equal(finish.length, 1, 'its slot is asked back with it');
  t.match((await hold(idle, [9])).answer, { ok: false, refusal: { kind: 'session-ended' } });
  shop.later(4 * MINUTE_MS);
  await endIdleSessions(context);
  t.equal(await endOf(giver), 'idle');
  await expireHolds(context);
  t.equal(await endOf(lapser), null, 'its hold has just run out');
  shop.later(5 * MINUTE_MS + 1_000);
  await endIdleSessions(context);
  await endIdleSessions(context);
  t.same(await Promise.all([holding, lapser].map(endOf)), ['idle', 'idle']);
  await endIdleSessions(context);
  t.equal((await shop.rows("SELECT 1 FROM outbox WHERE kind = 'finish'")).length, 4, 'each slot once');
});

t.test('an order on its way to be paid holds its session', async (t) => {
  const fan = await shop.fan();
  const order = await shop.order([10], fan);
  const opened = await shop.open(order);
  shop.later(9 * MINUTE_MS);
  await endIdleSessions(context);
  t.equal(await endOf(fan), null);
  t.match(await shop.confirm(order, opened, await shop.approve(opened)), { ok: true, value: { kind: 'paid' } });
  t.equal(await endOf(fan), 'finished', 'the first reason stays');
});

t.test('a hold and the end of its idle session at once: one of them sees the other', async (t) => {
  const random = seededRandom(SEED);
  let [held, ended] = [0, 0];
  for (let round = 0; round < 12; round += 1) {
    const fans = await Promise.all(Array.from({ length: 8 }, () => shop.fan()));
    shop.later(5 * MINUTE_MS + 1);
    const seats = fans.map((_, n) => 20 + ((round * 8 + n) % 30));
    const work = fans.map((fan, n) => async () => {
      await context.sleep(random() * 4_000);
      return hold(fan, [seats[n] as number]);
    });
    const enders = Array.from({ length: 3 }, () => async () => {
      await context.sleep(random() * 4_000);
      await endIdleSessions(context, pick(random, [2, 8]));
    });
    const [answers] = await Promise.all([Promise.all(work.map((run) => run())), Promise.all(enders.map((run) => run()))]);
    for (const [n, { answer, id }] of answers.entries()) {
      const fan = fans[n] as Fan;
      const end = await endOf(fan);
      if (answer.ok) t.equal(end, null, 'whoever got seats is inside');
      else t.match(answer.refusal.kind, /session-ended|seat-busy/);
      if (answer.ok) held += 1;
      if (end !== null) ended += 1;
      if (answer.ok) await releaseHold(context, { show: SHOW, id, person: fan.person });
    }
  }
  t.ok(held > 0 && ended > 0, `${held} held, ${ended} ended`);
  t.same(shop.faults, []);
});
