import t from 'tap';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GaugesMessage, OPS_PREFIX, SOCKET_MESSAGE_BYTES_MAX, type AuditReply } from '@onsale/contract';
import { disableOperator, listRooms, recordFindings, recordLooks } from '@onsale/control';
import { Compile } from 'typebox/compile';
import { WebSocket } from 'ws';
import { wire } from '../src/wire.ts';
import { api, ORIGIN, startOps, until } from './start-ops.ts';

const folder = mkdtempSync(join(tmpdir(), 'ops-console-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const running = await startOps(t, {}, { consoleFolder: join(folder, 'ops') });
const { app, context } = running.ops;
const url = (await app.listen({ host: '127.0.0.1', port: 0 })).replace('http', 'ws');
const operator = await running.makeOperator();

t.afterEach(() => running.proxy.heal());

type Heard = { readonly socket: WebSocket; readonly messages: Record<string, unknown>[]; readonly closed: Promise<{ code: number; reason: string }> };

function open(room: string, options: { origin?: string } = {}): Heard {
  const socket = new WebSocket(`${url}${OPS_PREFIX}/rooms/${room}/socket`, { origin: options.origin ?? ORIGIN });
  const messages: Record<string, unknown>[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data)) as Record<string, unknown>));
  socket.on('error', () => undefined);
  const closed = new Promise<{ code: number; reason: string }>((done) => socket.on('close', (code, reason) => done({ code, reason: String(reason) })));
  t.teardown(() => socket.terminate());
  return { socket, messages, closed };
}
async function watch(room: string, token: string): Promise<Heard> {
  const heard = open(room);
  await new Promise((done) => heard.socket.on('open', done));
  heard.socket.send(JSON.stringify({ type: 'hello', token }));
  return heard;
}

t.test('gauges come once a second, one reading for all who watch', async (t) => {
  const { room } = await running.makeRoom();
  const shape = Compile(GaugesMessage);
  const watchers = await Promise.all(Array.from({ length: 5 }, () => watch(room, operator.token)));
  await until(() => watchers.every(({ messages }) => messages.length >= 3));
  for (const { messages } of watchers) for (const message of messages) t.ok(shape.Check(message), JSON.stringify(message));
  const readings = new Set(watchers.flatMap(({ messages }) => messages.slice(1, 3).map(({ at }) => at)));
  t.ok(readings.size <= 4, `${readings.size} readings for ten messages`);
  await app.inject({ method: 'PATCH', url: api(`/rooms/${room}`), headers: { ...operator.headers, 'if-match': '"1"' }, payload: { phase: 'paused' } });
  await until(() => watchers.every(({ messages }) => messages.at(-1)?.['phase'] === 'paused'));
  for (const { socket } of watchers) socket.close();
});

t.test('who is not signed in, or speaks wrongly, is shown out', async (t) => {
  const { room } = await running.makeRoom();
  const gate = await running.makeOperator('gate');
  for (const [token, code] of [['A'.repeat(43), 'not-signed-in'], ['x', 'not-signed-in'], [gate.token, 'forbidden']] as const) {
    const heard = await watch(room, token);
    t.equal((await heard.closed).code, 4003);
    t.match(heard.messages, [{ type: 'problem', code }]);
  }
  const nowhere = await watch('nobody-made-this', operator.token);
  t.equal((await nowhere.closed).code, 4003);
  t.match(nowhere.messages, [{ type: 'problem', code: 'not-found' }]);
  const hellos = ['{"type":"hello"}', '{"type":"hello","token":5}', '{"type":"hello","token":"x","more":1}'];
  const wrong: (string | Buffer)[] = ['', '{', '[]', 'null', ...hellos, Buffer.from([1, 2])];
  for (const text of wrong) {
    const heard = open(room);
    await new Promise((done) => heard.socket.on('open', done));
    heard.socket.send(text);
    t.equal((await heard.closed).code, 1008, String(text));
    t.same(heard.messages, []);
  }
  const big = open(room);
  await new Promise((done) => big.socket.on('open', done));
  big.socket.send(JSON.stringify({ type: 'hello', token: 'x'.repeat(SOCKET_MESSAGE_BYTES_MAX) }));
  t.equal((await big.closed).code, 1009);
  const twice = await watch(room, operator.token);
  await until(() => twice.messages.length > 0);
  twice.socket.send('{}');
  t.equal((await twice.closed).code, 1008);
  const foreign = open(room, { origin: 'https://evil.example' });
  t.equal((await foreign.closed).code, 1006, 'no socket for a page of another origin');
});

t.test('silence ends after five seconds; nothing was told', async (t) => {
  const { room } = await running.makeRoom();
  const heard = open(room);
  t.equal((await heard.closed).code, 4001);
  t.same(heard.messages, []);
});

t.test('the end of a session ends its sockets', async (t) => {
  const { room } = await running.makeRoom();
  const [leaving, disabled] = [await running.makeOperator(), await running.makeOperator()];
  const [first, second, stays] = [await watch(room, leaving.token), await watch(room, disabled.token), await watch(room, operator.token)];
  await until(() => [first, second, stays].every(({ messages }) => messages.length > 0));
  await app.inject({ method: 'DELETE', url: api('/sessions'), headers: leaving.headers });
  t.equal((await first.closed).code, 4003);
  await disableOperator(running.pool, disabled.name, { actor: 'test', cause: '' });
  t.equal((await second.closed).code, 4003);
  t.equal(stays.socket.readyState, WebSocket.OPEN);
  stays.socket.close();
});

t.test('MySQL away: who watches goes on watching, and booking’s figures say how old they are', async (t) => {
  const { room } = await running.makeRoom();
  const heard = await watch(room, operator.token);
  await until(() => heard.messages.length > 0);
  running.proxy.cut();
  const count = heard.messages.length;
  await until(() => heard.messages.length >= count + 3);
  type Message = GaugesMessage & { booking: { ageMs: number } | null };
  const last = heard.messages.at(-1) as unknown as Message;
  t.equal(last.type, 'gauges');
  t.ok(last.booking === null || last.booking.ageMs > 1_000);
  running.proxy.heal();
  heard.socket.close();
});

t.test('the audit looks at booking’s stores and lists what the worker has found', async (t) => {
  await recordFindings(running.pool, [{ invariant: 'W2', detail: '601 calls in 60 s > rate 600' }]);
  const ask = () => app.inject({ url: api('/audit'), headers: operator.headers });
  const [answer, again] = await Promise.all([ask(), ask()]);
  t.equal(answer.statusCode, 200, `${answer.body} ${running.logs.findLast((line) => line.includes('incident'))}`);
  t.same(answer.json(), again.json(), 'two who ask at once get one audit');
  const { findings } = answer.json<AuditReply>();
  t.match(findings, [{ invariant: 'W2', detail: '601 calls in 60 s > rate 600' }]);
  await running.pool.query("INSERT INTO seat (show_id, seat_no, grade, state, claim) VALUES ('arena', 1, 'R', 'sold', ?)", [Buffer.alloc(16, 1)]);
  t.ok((await ask()).json<{ findings: { invariant: string }[] }>().findings.some(({ invariant }) => invariant === 'B1'), 'a seat sold to nobody is found');
});

t.test('the audit says which invariants nobody has looked at: no finding is not the same as all is well', async (t) => {
  const { room } = await running.makeRoom();
  const audit = async (): Promise<AuditReply> => (await app.inject({ url: api('/audit'), headers: operator.headers })).json<AuditReply>();
  const [stores, journals] = [['B1', 'B3', 'B4', 'B6'], ['W1', 'W2', 'W3', 'W4']];
  t.match(await audit(), { checked: stores, unwatched: { invariants: journals, sinceMs: null } }, 'this room never');
  const rooms = (await listRooms(running.pool)).map((one) => one.room);
  await recordLooks(running.pool, rooms);
  const watched = await audit();
  t.same([watched.checked, watched.unwatched], [[...stores, ...journals], null]);
  await running.pool.query('UPDATE audit_look SET at = NOW(3) - INTERVAL 61 SECOND WHERE room = ?', [room]);
  const stale = await audit();
  t.same([stale.checked, stale.unwatched?.invariants], [stores, journals], 'one room is enough');
  const agoMs = stale.atMs - (stale.unwatched?.sinceMs ?? 0);
  t.ok(agoMs >= 61_000 && agoMs < 120_000, `${agoMs} ms ago`);
});

t.test('the console: a message until it is built, then its files with a strict policy', async (t) => {
  const missing = await app.inject({ url: '/' });
  t.equal(missing.statusCode, 503);
  t.match(missing.body, /has not been built/);
  mkdirSync(join(folder, 'ops', 'assets'), { recursive: true });
  writeFileSync(join(folder, 'ops', 'index.html'), '<!doctype html><title>console</title>');
  writeFileSync(join(folder, 'ops', 'problems.html'), '<!doctype html><title>refusals</title>');
  writeFileSync(join(folder, 'ops', 'assets', 'ops-A1.js'), 'export {};');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  const page = await app.inject({ url: '/' });
  t.equal(page.statusCode, 200);
  t.match(page.headers['content-type'], /text\/html/);
  const policy = String(page.headers['content-security-policy']);
  t.match(policy, /default-src 'none'/);
  t.match(policy, /script-src 'self'(;|$)/);
  t.notMatch(policy, /unsafe|\*/);
  t.equal(page.headers['cache-control'], 'no-store');
  // A problem's type is relative to the origin that it came from.
  const { type } = (await app.inject({ url: api('/rooms') })).json<{ type: string }>();
  const explained = await app.inject({ url: type.split('#')[0] as string });
  t.same([explained.statusCode, explained.headers['content-security-policy']], [200, policy]);
  t.match(explained.body, /refusals/);
  const script = await app.inject({ url: '/assets/ops-A1.js' });
  t.match(script.headers['content-type'], /javascript/);
  t.match(script.headers['cache-control'], /immutable/);
  const outside = ['/assets/..%2F..%2Fsecret.txt', '/assets/..%2Findex.html', '/assets/.%2e%5c', '/../secret.txt', '/secret.txt'];
  for (const path of [...outside, '/assets/none.js', '/favicon.svg']) {
    t.equal((await app.inject({ url: path })).statusCode, 404, path);
  }
});

t.test('ready when both stores answer', async (t) => {
  t.equal((await app.inside.inject({ url: '/health/ready' })).statusCode, 200);
  running.proxy.cut();
  await until(async () => (await app.inside.inject({ url: '/health/ready' })).statusCode === 503);
  t.equal((await app.inside.inject({ url: '/health/live' })).statusCode, 200);
  running.proxy.heal();
  await until(async () => (await app.inside.inject({ url: '/health/ready' })).statusCode === 200);
});

t.test('stopping tells everybody when to come back', async (t) => {
  const { room } = await running.makeRoom();
  const stopping = await wire(running.config, (await import('@onsale/runtime')).createLogger({ name: 'ops', level: 'silent' }));
  const own = (await stopping.app.listen({ host: '127.0.0.1', port: 0 })).replace('http', 'ws');
  const socket = new WebSocket(`${own}${OPS_PREFIX}/rooms/${room}/socket`, { origin: ORIGIN });
  await new Promise((done) => socket.on('open', done));
  socket.send(JSON.stringify({ type: 'hello', token: operator.token }));
  await new Promise((done) => socket.once('message', done));
  const closed = new Promise<[number, string]>((done) => socket.on('close', (code, reason) => done([code, String(reason)])));
  await stopping.close();
  const [code, reason] = await closed;
  t.equal(code, 1012);
  t.match(reason, /^\d{1,4}$/);
  t.equal(context.desk.unsavedCount, 0);
});
