import { GaugesHistoryReply, type GaugesMessage } from '@onsale/contract';
import type { RoomId } from '@onsale/kernel';
import t from 'tap';
import { Compile } from 'typebox/compile';
import { createGaugeHistory, HISTORY } from '../src/gauges/gauge-history.ts';
import { api, startOps, until, type Running } from './start-ops.ts';

const EVERY_MS = 100;
const reply = Compile(GaugesHistoryReply);
const gaugesAt = (at: number): GaugesMessage => ({ at: String(at), ageMs: 0 }) as GaugesMessage;

t.test('the past is bounded: five minutes, readings some seconds apart, so many rooms', async (t) => {
  const history = createGaugeHistory();
  const [room] = ['a' as RoomId];
  for (let ms = 0; ms <= 2 * HISTORY.spanMs; ms += 1_000) history.add(room, gaugesAt(ms), ms);
  const kept = history.of(room, 2 * HISTORY.spanMs).map(({ at }) => Number(at));
  t.equal(kept.length, Math.floor(HISTORY.spanMs / HISTORY.apartMs) + 1);
  t.same(kept, kept.toSorted((one, other) => one - other), 'the oldest first');
  t.ok(kept.every((at, n) => n === 0 || at - (kept[n - 1] as number) >= HISTORY.apartMs));
  t.equal(history.of(room, 2 * HISTORY.spanMs)[0]?.ageMs, 2 * HISTORY.spanMs - (kept[0] as number), 'each says how old it is now');
  t.same(history.of(room, 4 * HISTORY.spanMs), [], 'what is older is not told');
  const now = 2 * HISTORY.spanMs;
  for (let n = 0; n < HISTORY.roomsMax; n += 1) history.add(`r-${n}` as RoomId, gaugesAt(now), now);
  t.same(history.of(room, now), [], 'the room that was read longest ago is forgotten');
  t.equal(history.of('r-0' as RoomId, now).length, 1);
});

const pastOf = async ({ ops }: Running, room: string, headers: Record<string, string>): Promise<GaugesHistoryReply> =>
  (await ops.app.inject({ url: api(`/rooms/${room}/gauges/history`), headers })).json<GaugesHistoryReply>();

t.test('rooms have a past though nobody watched; control: without the loop they have none until somebody reads them', async (t) => {
  const [looking, blind] = [await startOps(t, {}, { historyEveryMs: EVERY_MS }), await startOps(t, {}, { historyEveryMs: 3_600_000 })];
  const [seen, unseen] = [await looking.makeRoom(), await blind.makeRoom()];
  const [operator, other] = [await looking.makeOperator('organiser'), await blind.makeOperator('organiser')];
  await until(async () => (await pastOf(looking, seen.room, operator.headers)).samples.length > 0);
  const past = await pastOf(looking, seen.room, operator.headers);
  t.ok(reply.Check(past));
  t.match(past.samples[0], { type: 'gauges', room: seen.room });
  t.same((await pastOf(blind, unseen.room, other.headers)).samples, [], 'negative control');
  await blind.ops.app.inject({ url: api(`/rooms/${unseen.room}/gauges`), headers: other.headers });
  t.equal((await pastOf(blind, unseen.room, other.headers)).samples.length, 1, 'a reading that somebody asked for is kept as well');
});

t.test('the past is told to whom the present is', async (t) => {
  const running = await startOps(t);
  const { room } = await running.makeRoom();
  const gate = await running.makeOperator('gate');
  const operator = await running.makeOperator();
  for (const path of [`/rooms/${room}/gauges`, `/rooms/${room}/gauges/history`]) {
    const statusOf = async (headers: Record<string, string>) => (await running.ops.app.inject({ url: api(path), headers })).statusCode;
    t.same([await statusOf({}), await statusOf(gate.headers), await statusOf(operator.headers)], [401, 403, 200], path);
  }
  const nobody = await running.ops.app.inject({ url: api('/rooms/nobody-knows/gauges/history'), headers: operator.headers });
  t.match(nobody.json(), { status: 404, code: 'not-found' });
});
