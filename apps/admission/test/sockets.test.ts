import { once } from 'node:events';
import { connect as connectTcp, type AddressInfo, type Socket } from 'node:net';
import t from 'tap';
import { closeCodes, type Frame, type PlaceReply } from '@onsale/contract';
import type { Place } from '@onsale/kernel';
import { configure, forgetRoom } from '@onsale/waiting-room';
import { LINGER_MS } from '@onsale/runtime';
import { faultProxy, until } from '@onsale/testing';
import { WebSocket } from 'ws';
import type { PlaceConnection } from '../src/sockets/place-connection.ts';
import { FRAMES_SKIPPED_MAX, PING_ROUND_FRAMES, PlaceHub } from '../src/sockets/place-hub.ts';
import { prepareText } from '../src/sockets/prepared-message.ts';
import { bearer, joinRoom, newKey, ORIGIN, pathOf, REDIS_URL, startAdmission, type Running } from './start-admission.ts';

const running: Running = await startAdmission();
t.teardown(() => running.close());
const { app } = running.admission;
await app.listen({ host: '127.0.0.1', port: 0 });
const openSockets = new Set<Socket>();
app.server.on('connection', (socket: Socket) => openSockets.add(socket));
const base = `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}`;

type Message = Frame | { type: 'me'; me: PlaceReply } | { type: 'problem'; code: string };
type Client = {
  readonly socket: WebSocket;
  readonly messages: Message[];
  readonly next: (wanted: (message: Message) => boolean, withinMs?: number) => Promise<Message>;
  readonly closed: Promise<{ code: number; reason: string }>;
};

function connect(room: string, headers: Record<string, string> = {}): Client {
  const socket = new WebSocket(base + pathOf(room, '/socket'), { headers });
  const messages: Message[] = [];
  const waiting = new Set<() => void>();
  socket.on('message', (data) => {
    messages.push(JSON.parse(String(data)) as Message);
    for (const wake of waiting) wake();
  });
  socket.on('error', () => {});
  const closed = new Promise<{ code: number; reason: string }>((resolve) => socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })));
  const next: Client['next'] = (wanted, withinMs = 3_000) => new Promise((resolve, reject) => {
    let seen = 0;
    const timer = setTimeout(() => reject(new Error(`no such message; got ${JSON.stringify(messages).slice(0, 300)}`)), withinMs);
    const look = (): void => {
      for (; seen < messages.length; seen += 1) {
        if (!wanted(messages[seen] as Message)) continue;
        clearTimeout(timer);
        waiting.delete(look);
        resolve(messages[seen] as Message);
        return;
      }
    };
    waiting.add(look);
    look();
  });
  t.teardown(() => socket.terminate());
  return { socket, messages, next, closed };
}

async function hello({ socket }: Client, receipt?: string): Promise<void> {
  if (socket.readyState === WebSocket.CONNECTING) await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'hello', ...(receipt === undefined ? {} : { receipt }) }));
}
const isMe = (state: string) => (message: Message): boolean => message.type === 'me' && message.me.state === state;
const isFrame = (message: Message): boolean => message.type === 'frame';

/** Status and body of a refused handshake. */
const refusalOf = (room: string, headers: Record<string, string> = {}): Promise<{ status: number; code: string }> => new Promise((resolve, reject) => {
  const socket = new WebSocket(base + pathOf(room, '/socket'), { headers });
  socket.on('error', () => {});
  socket.on('open', () => reject(new Error('the handshake was accepted')));
  socket.on('unexpected-response', (_request, answer) => {
    let body = '';
    answer.on('data', (chunk) => { body += String(chunk); });
    answer.on('end', () => resolve({ status: answer.statusCode ?? 0, code: (JSON.parse(body) as { code: string }).code }));
  });
});

t.test('hello with the receipt: the place at once, frames every second, the call within moments', async (t) => {
  const { room } = await running.makeRoom();
  const fan = await joinRoom(running, room);
  const client = connect(room);
  await hello(client, fan.receipt);
  const me = await client.next(isMe('waiting'));
  t.match(me, { me: { place: fan.me.place, position: 1 } });
  const first = (await client.next(isFrame)) as Frame;
  const second = (await client.next((message) => message.type === 'frame' && message.seq > first.seq)) as Frame;
  t.match(second, { room, present: 1, phase: 'open', marks: [[fan.me.order, 0]] });
  await running.call(room);
  t.match(await client.next(isMe('called'), 1_000), { me: { remainingMs: Number } });
  t.equal(client.messages.filter(isMe('waiting')).length, 1, 'nothing personal while nothing personal changed');
});

t.test('what another tab does is told at once; the end closes the socket', async (t) => {
  const { room } = await running.makeRoom();
  const fan = await joinRoom(running, room);
  const client = connect(room);
  await hello(client, fan.receipt);
  await client.next(isMe('waiting'));
  await running.call(room);
  await client.next(isMe('called'));
  await app.inject({ method: 'POST', url: pathOf(room, '/places/me/entry'), headers: bearer(fan.receipt) });
  await client.next(isMe('entered'));
  await app.inject({ method: 'DELETE', url: pathOf(room, '/places/me'), headers: bearer(fan.receipt) });
  await client.next(isMe('left'));
  t.equal((await client.closed).code, closeCodes.ended.code);
});

t.test('what another process does is told within seconds', async (t) => {
  const { room } = await running.makeRoom();
  const fan = await joinRoom(running, room);
  const second = await startAdmission({ secrets: running.config.secrets });
  t.teardown(() => second.close());
  const client = connect(room);
  await hello(client, fan.receipt);
  await running.call(room);
  await client.next(isMe('called'));
  await second.admission.app.inject({ method: 'POST', url: pathOf(room, '/places/me/entry'), headers: bearer(fan.receipt) });
  await client.next(isMe('entered'), 5_000);
});

t.test('the cookie is enough; a later hello with a receipt goes before it', async (t) => {
  const { room } = await running.makeRoom();
  const device = await app.inject({ method: 'POST', url: '/api/admission/device', headers: { origin: ORIGIN } });
  const cookie = String(device.headers['set-cookie']).split(';')[0] as string;
  const headers = { cookie, origin: ORIGIN };
  const early = connect(room, headers);
  const other = await joinRoom(running, room);
  await hello(early, other.receipt);
  t.match(await early.next(isMe('waiting')), { me: { place: other.me.place } }, 'no place by cookie: the receipt speaks');
  const joined = await app.inject({ method: 'POST', url: pathOf(room, '/places'), payload: {}, headers });
  const mine = connect(room, headers);
  t.match(await mine.next(isMe('waiting')), { me: { place: joined.json<PlaceReply>().place } });
  mine.socket.send(JSON.stringify({ type: 'hello', receipt: other.receipt }));
  t.match(await mine.next((message) => message.type === 'me' && message.me.place === other.me.place), { type: 'me' });
  const without = connect(room);
  await hello(without);
  t.match(await without.next((message) => message.type === 'problem'), { code: 'no-receipt' });
  t.equal((await without.closed).code, closeCodes.noPlace.code);
});

t.test('handshakes are refused before the upgrade: foreign origin, unknown room, wrong path', async (t) => {
  const { room } = await running.makeRoom();
  t.same(await refusalOf(room, { origin: 'https://elsewhere.example' }), { status: 403, code: 'origin-refused' });
  t.match((await refusalOf('nobody-knows')).code, /^(recovering|not-found)$/, 'as the list of rooms says (rooms.test.ts)');
  t.same(await refusalOf('NO'), { status: 404, code: 'not-found' });
});

t.test('who is refused a handshake and never closes is let go of', async (t) => {
  const port = Number(new URL(base).port);
  for (const late of ['', 'x'.repeat(1_000)]) {
    const socket = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true });
    t.teardown(() => socket.destroy());
    socket.write('GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    t.match(String(answer), /^HTTP\/1\.1 404/);
    const [byPort] = [socket.localPort];
    const isOpen = (): boolean => [...openSockets].some((one) => one.remotePort === byPort && !one.destroyed);
    t.equal(isOpen(), true);
    if (late !== '') socket.write(late);
    await until('the server’s end is closed', () => !isOpen(), LINGER_MS + 3_000);
  }
});

t.test('nonsense closes the socket: policy, too big, no place, and silence after five seconds', async (t) => {
  const { room } = await running.makeRoom();
  const fan = await joinRoom(running, room);
  const silent = connect(room);
  const bad = [
    ['not json', closeCodes.policy],
    ['[]', closeCodes.policy],
    ['{"type":"hello","receipt":1}', closeCodes.policy],
    ['{"type":"hello","more":1}', closeCodes.policy],
    ['{"type":"frame"}', closeCodes.policy],
    [`{"type":"hello","receipt":"${'x'.repeat(5_000)}"}`, closeCodes.tooBig],
    ['{"type":"hello","receipt":"forged"}', closeCodes.noPlace],
  ] as const;
  for (const [text, { code }] of bad) {
    const client = connect(room);
    client.socket.once('open', () => client.socket.send(text));
    t.equal((await client.closed).code, code, text.slice(0, 40));
  }
  const binary = connect(room);
  binary.socket.once('open', () => binary.socket.send(Buffer.from('{"type":"alive"}')));
  t.equal((await binary.closed).code, closeCodes.policy.code, 'binary');
  const flood = connect(room);
  await hello(flood, fan.receipt);
  for (let n = 0; n < 30; n += 1) flood.socket.send('{"type":"alive"}');
  t.equal((await flood.closed).code, closeCodes.policy.code, 'a flood of messages');
  t.equal((await silent.closed).code, closeCodes.silent.code, 'no hello');
});

t.test('a place has five sockets at most', async (t) => {
  const { room } = await running.makeRoom();
  const fan = await joinRoom(running, room);
  const clients = await Promise.all(Array.from({ length: 5 }, async () => {
    const client = connect(room);
    await hello(client, fan.receipt);
    await client.next(isMe('waiting'));
    return client;
  }));
  const sixth = connect(room);
  await hello(sixth, fan.receipt);
  t.equal((await sixth.closed).code, closeCodes.tooMany.code);
  clients[0]?.socket.close();
  await clients[0]?.closed;
  const again = connect(room);
  await hello(again, fan.receipt);
  await again.next(isMe('waiting'));
});

t.test('a room that pauses is told to everybody with the next frame', async () => {
  const settings = await running.makeRoom();
  const fan = await joinRoom(running, settings.room);
  const client = connect(settings.room);
  await hello(client, fan.receipt);
  await client.next(isFrame);
  await configure(running.connection, { ...settings, phase: 'paused', version: 2 });
  await client.next((message) => message.type === 'frame' && message.phase === 'paused');
});

t.test('a room started over in a new epoch: every socket is sent to greet again within seconds, and hears that its place has ended', async (t) => {
  const settings = await running.makeRoom();
  const { room } = settings;
  const fans = await Promise.all(Array.from({ length: 4 }, () => joinRoom(running, room)));
  const clients = fans.map(() => connect(room));
  for (const [index, client] of clients.entries()) {
    await hello(client, fans[index]?.receipt);
    await client.next(isMe('waiting'), 10_000);
  }
  await clients[0]?.next(isFrame, 10_000);
  await forgetRoom(running.connection, room);
  await configure(running.connection, { ...settings, epoch: 2, version: 2 }, { create: true });
  const began = performance.now();
  const closes = await Promise.all(clients.map(({ closed }) => closed));
  t.ok(performance.now() - began < 8_000, 'with the next frame, not with the next pong');
  t.ok(closes.every(({ code, reason }) => code === closeCodes.restart.code && Number(reason) < 3_000), JSON.stringify(closes));
  const again = connect(room);
  await hello(again, fans[0]?.receipt);
  t.match(await again.next((message) => message.type === 'problem', 10_000), { code: 'place-ended' });
  t.equal((await again.closed).code, closeCodes.ended.code);
});

t.test('stopping: everybody is sent away with 1012 and a delay of their own, new handshakes are refused', async (t) => {
  const own = await startAdmission();
  await own.admission.app.listen({ host: '127.0.0.1', port: 0 });
  const { room } = await own.makeRoom();
  const address = `ws://127.0.0.1:${(own.admission.app.server.address() as AddressInfo).port}`;
  const fans = await Promise.all(Array.from({ length: 8 }, () => joinRoom(own, room, newKey())));
  const closes = fans.map(({ receipt }) => new Promise<{ code: number; delay: number }>((resolve, reject) => {
    const socket = new WebSocket(address + pathOf(room, '/socket'));
    socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', receipt })));
    socket.on('error', reject);
    socket.on('close', (code, reason) => resolve({ code, delay: Number(String(reason)) }));
  }));
  while (own.admission.sockets.size < 8) await new Promise((resolve) => setTimeout(resolve, 20));
  await own.close();
  const seen = await Promise.all(closes);
  t.ok(seen.every(({ code, delay }) => code === 1012 && delay >= 0 && delay < 30_000), JSON.stringify(seen));
  t.ok(new Set(seen.map(({ delay }) => delay)).size > 1, 'not all at once');
});

t.test('Redis goes away in mid-sale: 503 with Retry-After, sockets stay; it comes back: everything goes on', async (t) => {
  const proxy = await faultProxy(t, REDIS_URL);
  const own = await startAdmission({ redisUrl: proxy.through(REDIS_URL), secrets: running.config.secrets });
  t.teardown(() => own.close());
  await own.admission.app.listen({ host: '127.0.0.1', port: 0 });
  const { room } = await running.makeRoom();
  const fan = await joinRoom(running, room);
  const ask = () => own.admission.app.inject({ url: pathOf(room, '/places/me'), headers: bearer(fan.receipt) });
  t.equal((await ask()).statusCode, 200);
  const socket = new WebSocket(`ws://127.0.0.1:${(own.admission.app.server.address() as AddressInfo).port}${pathOf(room, '/socket')}`);
  t.teardown(() => socket.terminate());
  let frames = 0;
  socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', receipt: fan.receipt })));
  socket.on('message', (data) => { if (String(data).includes('"frame"')) frames += 1; });
  await until('frames', () => frames > 1);
  proxy.refuse();
  const away = await until('the outage is seen', async () => {
    const answer = await ask();
    return answer.statusCode === 503 ? answer : undefined;
  });
  t.match(away.json(), { code: 'unavailable' });
  t.ok(Number(away.headers['retry-after']) >= 1);
  const before = frames;
  proxy.heal();
  await until('frames again', () => frames > before + 1);
  t.equal(socket.readyState, WebSocket.OPEN);
  t.not((await ask()).statusCode, 503);
});

/** A connection whose far end takes nothing, or everything. */
function fakeConnection(takes: boolean): PlaceConnection & { written: number; closes: number[] } {
  const fake = {
    index: -1, order: 0, pingSlot: 0, pingsUnanswered: 0, framesSkipped: 0, messages: 0, sibling: undefined, isOpen: true, written: 0, closes: [] as number[],
    isBacklogged: !takes,
    push() { this.written += 1; },
    close(code: number) {
      this.closes.push(code);
      this.isOpen = false;
    },
  };
  return fake as never;
}

t.test('the hub: a socket that takes nothing gets nothing and is closed; who answers no ping too; the far are told seldom', async (t) => {
  const hub = new PlaceHub();
  const slow = fakeConnection(false);
  const dead = fakeConnection(true);
  const far = fakeConnection(true);
  const message = prepareText('{}');
  for (const [place, connection] of [slow, dead, far].entries()) hub.add(connection, (place + 1) as Place, connection === far ? 1_000 : 1);
  const frame = () => hub.broadcast({ message, farBeyondOrder: 500, urgent: false });
  for (let n = 0; n < FRAMES_SKIPPED_MAX + 1; n += 1) await frame();
  t.equal(slow.written, 0);
  t.same(slow.closes, [closeCodes.slow.code], 'once');
  t.equal(dead.written, FRAMES_SKIPPED_MAX + 1, 'nobody waits for the slow one');
  t.ok(far.written >= 3 && far.written <= 6, `every tenth frame and its ping: ${far.written}`);
  for (let n = 0; n < 2 * PING_ROUND_FRAMES; n += 1) await frame();
  t.same(dead.closes, [closeCodes.silent.code]);
  await hub.broadcast({ message, farBeyondOrder: 500, urgent: true });
});

t.test('the hub keeps its lists right whoever comes and goes', async (t) => {
  const hub = new PlaceHub();
  const connections = Array.from({ length: 50 }, () => fakeConnection(true));
  const places = connections.map((_, n) => ((n % 20) + 1) as Place);
  connections.forEach((connection, n) => hub.add(connection, places[n] as Place, 1));
  t.equal(hub.size, 50);
  for (const n of [0, 49, 20, 40, 7, 27, 47]) hub.remove(connections[n] as PlaceConnection);
  hub.remove(connections[0] as PlaceConnection);
  t.equal(hub.size, 43);
  hub.send(1 as Place, prepareText('{}'));
  t.equal(connections.reduce((sum, { written }) => sum + written, 0), 0, 'place 1 has no socket left');
  t.notOk(hub.has(8 as Place));
  hub.send(2 as Place, prepareText('{}'));
  t.equal(connections.reduce((sum, { written }) => sum + written, 0), 3);
  await hub.broadcast({ message: prepareText('{}'), farBeyondOrder: Infinity, urgent: false });
  t.equal(connections.reduce((sum, { written }) => sum + written, 0), 3 + 43, 'everybody once');
});

t.test('a prepared message is what a browser reads, short or long', async (t) => {
  for (const text of ['{}', 'x'.repeat(125), 'x'.repeat(126), '한'.repeat(2_000)]) {
    const message = prepareText(text);
    const head = message[1]! < 126 ? 2 : 4;
    t.equal(message[0], 0x81);
    t.equal(head === 2 ? message[1] : message.readUInt16BE(2), Buffer.byteLength(text));
    t.equal(message.subarray(head).toString(), text);
  }
  t.throws(() => prepareText('x'.repeat(65_536)));
});
