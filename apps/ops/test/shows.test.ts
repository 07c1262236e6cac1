import t from 'tap';
import { randomBytes } from 'node:crypto';
import { findViolations, publishShow } from '@onsale/booking';
import { SHOW_LIMIT_BOUNDS, type GaugesMessage } from '@onsale/contract';
import { DAY_MS, type ShowId } from '@onsale/kernel';
import { smallHall } from '@onsale/testing';
import { api, startOps } from './start-ops.ts';

const running = await startOps(t);
const { app } = running.ops;
const operator = await running.makeOperator();
const get = async <Body>(path: string): Promise<Body> => (await app.inject({ url: api(path), headers: operator.headers })).json<Body>();
const change = (show: string, payload: object, headers = operator.headers) =>
  app.inject({ method: 'PATCH', url: api(`/shows/${show}/limits`), headers, payload });

async function publish(): Promise<ShowId> {
  const show = `s-${randomBytes(6).toString('hex')}` as ShowId;
  const [now, name] = [Date.now(), { ko: '공연', en: 'Show' }];
  await publishShow(running.pool, {
    show, event: show, eventName: name, venueName: name, startsAt: new Date(now + 2 * DAY_MS), opensAt: new Date(now - DAY_MS),
    closesAt: new Date(now + DAY_MS), currency: 'KRW', layout: smallHall(2, 10),
  });
  return show;
}

t.test('limits of a show are changed with a record, which the log of its room tells', async (t) => {
  const show = await publish();
  const { room } = await running.makeRoom({ shows: [show] });
  t.match(await get(`/rooms/${room}/shows`), { shows: [{ show, idleSessionMs: 300_000, attemptsPerSession: 30, eventName: { en: 'Show' } }] });
  const answer = await change(show, { idleSessionMs: 120_000, cause: 'long line' });
  t.equal(answer.statusCode, 200, answer.body);
  t.match(answer.json(), { show, idleSessionMs: 120_000, attemptsPerSession: 30 });
  t.equal((await change(show, { idleSessionMs: 120_000 })).statusCode, 200, 'the same again');
  const { records } = await get<{ records: readonly object[] }>(`/rooms/${room}/audit-log`);
  t.match(records[0], {
    actor: operator.name, cause: 'long line', action: 'show.limits', subject: `show:${show}`,
    before: { idleSessionMs: 300_000 }, after: { idleSessionMs: 120_000 },
  });
  t.equal(records.length, 2, 'what changes nothing leaves no record; the other one is of the making of the room');
});

t.test('what is out of bounds, unknown or not allowed is refused, and changes nothing', async (t) => {
  const show = await publish();
  const { room } = await running.makeRoom({ shows: [show] });
  const before = await get(`/rooms/${room}/shows`);
  for (const [field, { least, most }] of Object.entries(SHOW_LIMIT_BOUNDS)) {
    for (const value of [least - 1, most + 1, least + 0.5, null])
      t.match((await change(show, { [field]: value })).json(), { status: 400, field, least, most }, `${field} ${value}`);
  }
  t.equal((await change('nobody-sells-this', { attemptsPerSession: 5 })).statusCode, 404);
  const organiser = await running.makeOperator('organiser');
  t.equal((await change(show, { attemptsPerSession: 5 }, organiser.headers)).statusCode, 403);
  t.same(await get(`/rooms/${room}/shows`), before);
  for (const [field, { least, most }] of Object.entries(SHOW_LIMIT_BOUNDS))
    for (const value of [least, most]) t.equal((await change(show, { [field]: value })).statusCode, 200, `${field} ${value}`);
});

t.test('who is near the limit and what lapsed is told; a limit below what was made is no violation', async (t) => {
  const show = await publish();
  const { room } = await running.makeRoom({ shows: [show] });
  const id = (byte: number): Buffer => Buffer.alloc(16, byte);
  for (const [place, attempts] of [[1, 23], [2, 24], [3, 30]] as const) {
    await running.pool.query(
      `INSERT INTO entry_session (room, place, sid, person, binding, shows, made_at, until_at)
        VALUES (?, ?, ?, ?, 'x', ?, NOW(3), NOW(3) + INTERVAL 5 MINUTE)`, [room, place, id(place), id(place), JSON.stringify([show])],
    );
    await running.pool.query("INSERT INTO allowance (scope_id, person, live) VALUES ('attempts', ?, ?)", [id(place), attempts]);
  }
  for (const [hold, state, minutes] of [[11, 'expired', 5], [12, 'expired', 90], [13, 'released', 5]] as const) {
    await running.pool.query(
      `INSERT INTO hold (show_id, id, person, session, state, seats, lengthened, awaiting, swaps, until_at, made_at)
        VALUES (?, ?, ?, ?, ?, '[0]', 0, 0, 0, NOW(3) - INTERVAL ? MINUTE, NOW(3))`, [show, id(hold), id(3), id(3), state, minutes],
    );
  }
  const { booking } = await get<GaugesMessage>(`/rooms/${room}/gauges`);
  t.match(booking, { sessionsLive: 3, sessionsNearAttempts: 2, holdsLapsed: 1 });
  t.equal((await change(show, { attemptsPerSession: 10 })).statusCode, 200);
  const ofAttempts = async (): Promise<number> => (await findViolations(running.pool, show)).filter(({ detail }) => detail.includes('attempts')).length;
  t.equal(await ofAttempts(), 0);
  await running.pool.query("UPDATE allowance SET live = 31 WHERE scope_id = 'attempts' AND person = ?", [id(3)]);
  t.equal(await ofAttempts(), 1, 'control: more than were ever allowed');
});
