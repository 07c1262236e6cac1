import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RoomId } from '@onsale/kernel';
import { startRedis } from '@onsale/services';
import { until } from '@onsale/testing';
import { configure, forgetRoom, keepRoomList, type ListedAs } from '@onsale/waiting-room';
import t from 'tap';
import { WebSocket } from 'ws';
import type { RoomListener } from '../src/open-room.ts';
import { createPollLimiter } from '../src/poll-limiter.ts';
import { createRoomLooks, LOOKS_MAX } from '../src/room-looks.ts';
import { createRooms, FEEDS_MAX, type Rooms } from '../src/rooms.ts';
import { createPlaceSockets } from '../src/sockets/place-socket.ts';
import { bearer, joinRoom, newKey, ORIGIN, pathOf, startAdmission } from './start-admission.ts';

/* A Redis of its own: the list of rooms is one for all, and what is asked of Redis is counted. */
t.setTimeout(120_000);

const redis = await startRedis({ dir: t.testdir() });
const running = await startAdmission({ redisUrl: redis.url });
t.teardown(async () => {
  await running.close();
  await redis.stop();
});
const { app } = running.admission;
const { connection } = running;

const feedsOf = async (): Promise<number> => Number(/^onsale_room_feeds(?:\{[^}]*\})? (\d+)$/m.exec((await app.inside.inject({ url: '/metrics' })).body)?.[1]);
/** Scripts that Redis has run so far. */
async function scriptsRun(): Promise<number> {
  const calls = /^cmdstat_evalsha:calls=(\d+)/m.exec(await connection.redis.info('commandstats'));
  return Number(calls?.[1] ?? 0);
}
const join = (room: string) => app.inject({ method: 'POST', url: pathOf(room, '/places'), payload: { clientKey: newKey() } });
const invented = (count: number): string[] => Array.from({ length: count }, (_, n) => `invented-${n}`);
const keepList = (rooms: Readonly<Record<string, ListedAs>>): Promise<unknown> =>
  keepRoomList(connection, async () => new Map(Object.entries(rooms) as [RoomId, ListedAs][]));

type Failing = Pick<typeof import('tap').t, 'fail' | 'teardown'>;

function roomsWith(t: Failing, clock: { readonly ms: number }, feedsMax = 3): Rooms {
  const onError = (error: Error): void => void t.fail(error.message);
  const rooms = createRooms({ connection, polls: createPollLimiter(3, 64), wallClock: Date.now, monotonic: () => clock.ms, onError, feedsMax });
  t.teardown(() => rooms.close());
  return rooms;
}

t.test('a crowd that looks at one room asks Redis once a second', async (t) => {
  const { room } = await running.makeRoom();
  const rooms = roomsWith(t, { ms: 0 });
  for (const slug of [room, 'never-made']) {
    const before = await scriptsRun();
    for (let round = 0; round < 3; round += 1) await Promise.allSettled(Array.from({ length: 200 }, async () => rooms.look(slug)));
    const ran = (await scriptsRun()) - before;
    t.ok(ran < 20, `${ran} scripts for 600 looks at ${slug}`);
  }
  t.equal(rooms.size, 0);
});

/** A few at a time: a process that is shedding load on a busy machine is not what is tested. */
async function getAll(slugs: readonly string[], rest: string, headers: Record<string, string> = {}): Promise<void> {
  for (let from = 0; from < slugs.length; from += 8) {
    await Promise.all(slugs.slice(from, from + 8).map((slug) => app.inject({ url: pathOf(slug, rest), headers })));
  }
}

t.test('reads of any number of rooms, real and invented, open no feed and keep nobody from joining', async (t) => {
  const real: RoomId[] = [];
  for (let n = 0; n < FEEDS_MAX + 4; n += 1) real.push((await running.makeRoom()).room);
  const slugs = [...real, ...invented(300)];
  for (const rest of ['', '/frame', '/places/me']) {
    await getAll(slugs, rest);
    t.equal(await feedsOf(), 0, `GET ${rest}`);
  }
  for (const headers of [bearer('x'), { cookie: 'onsale_device=v1.aaaa.bbbb' }]) await getAll(slugs, '/places/me', headers);
  t.equal(await feedsOf(), 0, 'nor does who proves nothing');
  await until('joined', async () => (await join(real[0]!)).statusCode === 201, 5_000);
  t.equal(await feedsOf(), 1, 'who joins opens it');
});

const quiet: RoomListener = { onFrame: () => undefined, onCalled: () => undefined, isIdle: false };

async function roomsOfThree(t: Failing, feedsMax = 3): Promise<{ rooms: Rooms; slugs: RoomId[]; clock: { ms: number } }> {
  const clock = { ms: 0 };
  const rooms = roomsWith(t, clock, feedsMax);
  const slugs = (await Promise.all(Array.from({ length: 5 }, () => running.makeRoom()))).map(({ room }) => room);
  return { rooms, slugs, clock };
}

t.test('at the bound the feed that nobody watches and that was used the longest ago yields', async (t) => {
  const { rooms, slugs, clock } = await roomsOfThree(t);
  const [first, second, third, fourth, fifth] = slugs as [RoomId, RoomId, RoomId, RoomId, RoomId];
  for (const slug of [first, second, third]) {
    clock.ms += 1;
    (await rooms.open(slug)).view();
  }
  clock.ms += 1;
  rooms.peek(first)?.view();
  await rooms.open(fourth);
  t.same(slugs.map((slug) => rooms.peek(slug) !== undefined), [true, false, true, true, false], 'the second was used the longest ago');
  const watched = await rooms.open(third);
  watched.watch(quiet);
  await rooms.open(fifth);
  t.same(slugs.map((slug) => rooms.peek(slug) !== undefined), [false, false, true, true, true], 'a watched one stays');
  for (const slug of [fourth, fifth]) (await rooms.open(slug)).watch(quiet);
  await t.rejects(rooms.open(first), { code: 'overloaded' });
  t.ok(await rooms.look(first), 'a look is possible all the same');
  t.equal(rooms.size, 3);
});

t.test('many rooms opened at once stay within the bound, and each is answered', async (t) => {
  const { rooms, slugs } = await roomsOfThree(t);
  await t.resolves(Promise.all([...slugs.slice(0, 3), ...slugs.slice(0, 3)].map((slug) => rooms.open(slug))));
  t.equal(rooms.size, 3);
  const more = await Promise.allSettled(slugs.map((slug) => rooms.open(slug)));
  t.ok(rooms.size <= 3, `${rooms.size} feeds`);
  t.ok(more.some(({ status }) => status === 'fulfilled'));
});

t.test('invented rooms push out no real one, and what is kept of either is bounded', async (t) => {
  let nowMs = 0;
  const looks = createRoomLooks({ connection, wallClock: Date.now, monotonic: () => nowMs, onError: (error) => t.fail(error.message) });
  const { room } = await running.makeRoom();
  const frames = await looks.look(room);
  nowMs += 10;
  for (let from = 0; from < 3 * LOOKS_MAX; from += 256) {
    await Promise.allSettled(Array.from({ length: 256 }, (_, n) => looks.look(`invented-${from + n}` as RoomId)));
  }
  t.equal(looks.peek(room), frames);
  t.equal(looks.size, LOOKS_MAX + 1);
});

t.test('never made is 404 as soon as the list says so; made and gone is recovering; closed for good is told so', async (t) => {
  const heard = async (ask: () => Promise<{ statusCode: number; json: () => { code?: string } }>): Promise<string> => {
    const answer = await until('not shed', async () => {
      const given = await ask();
      return given.json().code === 'overloaded' ? undefined : given;
    });
    return `${answer.statusCode} ${answer.json().code ?? ''}`.trim();
  };
  const answers = (room: string): Promise<string[]> =>
    Promise.all([heard(() => app.inject({ url: pathOf(room) })), heard(() => app.inject({ url: pathOf(room, '/frame') })), heard(() => join(room))]);
  const three = (text: string): string[] => [text, text, text];
  const second = (): Promise<void> => new Promise((over) => { setTimeout(over, 1_050); });
  const settings = await running.makeRoom();
  const fan = await joinRoom(running, settings.room);
  t.same(await answers('mistyped'), three('503 recovering'), 'nobody has confirmed which rooms there are');
  await keepList({ [settings.room]: 'living', ended: 'closed' });
  await second();
  t.same(await answers('mistyped'), three('404 not-found'));
  t.same(await answers('ended'), three('409 room-not-open'));
  t.same(await answers(settings.room), ['200', '200', '201']);
  const place = () => heard(() => app.inject({ url: pathOf(settings.room, '/places/me'), headers: bearer(fan.receipt) }));
  t.equal(await place(), '200');

  await forgetRoom(connection, settings.room);
  await second();
  t.same(await answers(settings.room), three('503 recovering'), 'it was made: its data are gone, and must come back');
  t.equal(await place(), '503 recovering');

  await connection.redis.flushall();
  await second();
  for (const room of [settings.room, 'mistyped', 'ended']) t.same(await answers(room), three('503 recovering'), `wiped: ${room}`);
  t.equal(await place(), '503 recovering', 'a fan of a wiped room never hears 404');
  await keepList({ [settings.room]: 'living', ended: 'closed' });
  await second();
  t.same(await answers(settings.room), three('503 recovering'));
  t.same(await answers('mistyped'), three('404 not-found'));

  await configure(connection, { ...settings, epoch: 2, version: 2 }, { create: true });
  await second();
  await until('the room is back', async () => (await app.inject({ url: pathOf(settings.room) })).statusCode === 200);
  await until('joined', async () => (await join(settings.room)).statusCode === 201);
});

t.test('a feed whose only sockets have not greeted yields; the stranger is sent to knock again', async (t) => {
  const { rooms, slugs } = await roomsOfThree(t, 1);
  const [room, other] = slugs as [RoomId, RoomId];
  const fan = await joinRoom(running, room);
  const { receipt, device } = running.config.secrets;
  const sockets = createPlaceSockets({
    connection, rooms, holderKeys: { receipt, device, cookieName: 'onsale_device' }, publicOrigins: [ORIGIN], monotonic: () => performance.now(),
    random: () => 0, onError: (error) => t.fail(String(error)), bounds: running.config.sockets, trust: () => false,
  });
  const server = createServer().listen(0, '127.0.0.1');
  t.teardown(async () => {
    await sockets.stop();
    server.close();
  });
  await once(server, 'listening');
  sockets.attach(server);
  const knock = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}${pathOf(room, '/socket')}`, { origin: ORIGIN });
    t.teardown(() => socket.terminate());
    await once(socket, 'open');
    return socket;
  };
  const greet = (socket: WebSocket): void => socket.send(JSON.stringify({ type: 'hello', receipt: fan.receipt }));
  const stranger = await knock();
  await rooms.open(other);
  t.equal(rooms.peek(room), undefined, 'it has yielded');
  greet(stranger);
  const [code] = (await once(stranger, 'close')) as [number];
  t.equal(code, 1012);
  const again = await knock();
  greet(again);
  t.match(JSON.parse(String((await once(again, 'message'))[0])), { type: 'me', me: { place: fan.me.place } });
  await t.rejects(rooms.open(other), { code: 'overloaded' }, 'whoever has a place there keeps it open');
});
