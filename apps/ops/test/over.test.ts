import { readRoom, writeRoomReport, type RoomSettings } from '@onsale/control';
import { keysOf, retire } from '@onsale/waiting-room';
import t from 'tap';
import { api, startOps } from './start-ops.ts';

/* A room that is over: closed, reported, its data gone from Redis. */
t.setTimeout(60_000);
const running = await startOps(t);
const { app } = running.ops;
const { headers } = await running.makeOperator();
const get = async (path: string) => (await app.inject({ url: api(path), headers })).json<Record<string, unknown>>();
const FIGURES = {
  joined: 9, peakWaiting: 8, called: 5, missed: 1, entered: 4, redeemed: 4, finished: 3, left: 1, lapsed: 0, revoked: 0, uncalled: 4,
};

t.test('the desk shows it with its report and in force, and says that it is closed where it has no figures; one that is lost recovers', async (t) => {
  const [ended, lost] = [await running.makeRoom(), await running.makeRoom()];
  const closed = await app.inject({
    method: 'PATCH', url: api(`/rooms/${ended.room}`), headers: { ...headers, 'if-match': '"1"' }, payload: { phase: 'closed' },
  });
  t.match(closed.json(), { phase: 'closed', inForce: true, report: null });
  const { epoch, room } = await readRoom(running.pool, ended.room) as RoomSettings;
  t.equal(await writeRoomReport(running.pool, { room, epoch, figures: FIGURES }), 'reported');
  t.equal(await retire(running.connection, room, epoch), 'retired');
  await running.connection.redis.unlink(...keysOf(lost.room));

  const shown = { room, phase: 'closed', inForce: true, saved: true, report: { ...FIGURES, closedAt: String } };
  t.match(await get(`/rooms/${room}`), shown);
  const { rooms } = await get('/rooms') as { rooms: { room: string }[] };
  t.match(rooms.find((one) => one.room === room), shown);
  t.match(await get(`/rooms/${room}/gauges`), { status: 409, code: 'room-not-open', phase: 'closed' });
  t.match(await get(`/rooms/${lost.room}`), { inForce: false, report: null }, 'negative control: Redis does not know it, and there is no report');
  t.match(await get(`/rooms/${lost.room}/gauges`), { status: 503, code: 'recovering' });
  const renamed = await app.inject({
    method: 'PATCH', url: api(`/rooms/${room}`), headers: { ...headers, 'if-match': '"2"' }, payload: { name: { ko: '끝', en: 'Over' } },
  });
  t.match(renamed.json(), { version: 3, name: { en: 'Over' }, inForce: true, report: FIGURES });
  t.equal(await running.connection.redis.exists(...keysOf(room)), 0, 'and makes nothing of it anew');
});
