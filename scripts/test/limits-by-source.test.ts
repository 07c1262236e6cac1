import { randomBytes } from 'node:crypto';
import { ADMISSION_PREFIX, BOOKING_PREFIX, INSIDE, OPS_PREFIX, ORDER_KEY_HEADER, type PlaceReply } from '@onsale/contract';
import { bindingOf, bindingText, claimsOf, makeHolderSecret, signEntryToken, type HolderSecret } from '@onsale/entry-token';
import type { Place, RoomId, ShowId } from '@onsale/kernel';
import { makeSigningKey, type SigningKeyText } from '@onsale/runtime';
import { makeOnSale, openWholeSystem, TEST_OPERATOR, until, type AppProcess } from '@onsale/testing';
import t, { type Test } from 'tap';
import { Agent, request } from 'undici';
import { WebSocket, type ClientOptions } from 'ws';
import { HOSTS, skipWithoutNginx, startNginx } from './start-nginx.ts';

// Two clients with addresses of their own, each the other's neighbour behind the same proxies. One goes past a limit; the other must not notice.

type Answer = { readonly status: number; readonly code: string | undefined; readonly text: string };
type Asked = { readonly from: string; readonly body?: unknown; readonly headers?: Record<string, string>; readonly ops?: boolean };
type Ask = (path: string, asked: Asked) => Promise<Answer>;
/** A way in: how a client asks the site and the operators' host. */
type Front = { readonly name: string; readonly ask: Ask; readonly open: Open };
/** Opens a WebSocket and says nothing: the status of the handshake. All are let go of when the test ends. */
type Open = (t: Test, path: string, asked: Pick<Asked, 'from' | 'ops'>) => Promise<number>;

/** Past every allowance of a source: 50 failures, and what is given back meanwhile. */
const TRIES = 90;
const REFUSED = 429;
/** Longest that a machine may be too busy for a sign-in. */
const BUSY_MS = 30_000;
/** Sockets that have not said whose they are; a source may have a quarter. */
const NEWCOMERS_MAX = 40;
/** Of which a source has four fifths, and half a second's at once: no limit where newcomers are counted, and the only one where handshakes are. */
const HANDSHAKES_PER_SECOND = 100;
const SELDOM = { NEWCOMERS_MAX: '8192', HANDSHAKES_PER_SECOND: '10' };
let lastByte = 1;
/** Sources that no limiter has seen yet. */
const twoSources = () => ({ guilty: `127.0.0.${(lastByte += 1)}`, neighbour: `127.0.0.${(lastByte += 1)}` });

const env = { NEWCOMERS_MAX: String(NEWCOMERS_MAX), HANDSHAKES_PER_SECOND: String(HANDSHAKES_PER_SECOND) };
const system = await openWholeSystem({ processes: { sandbox: 1, admission: 1, booking: 1, ops: 1, web: 1 }, env });
t.teardown(() => system.close());
await makeOnSale(system, { ratePerMinute: null, capacity: 500 });
type Apps = Readonly<Record<'admission' | 'booking' | 'ops' | 'web', AppProcess>>;
const first = (name: keyof Apps): AppProcess => system.apps(name)[0] as AppProcess;
const apps: Apps = { admission: first('admission'), booking: first('booking'), ops: first('ops'), web: first('web') };
const gatewayTo = ({ admission, booking }: Pick<Apps, 'admission' | 'booking'>) => ({ ADMISSION_URL: admission.url, BOOKING_URL: booking.url });
/** Beside them on the same stores, with few handshakes a second. */
async function startSeldom(): Promise<Apps> {
  const start = (name: keyof Apps, env: Record<string, string>): Promise<AppProcess> => system.startApp(name, { env });
  const behind = { admission: await start('admission', SELDOM), booking: await start('booking', SELDOM), ops: await start('ops', SELDOM) };
  return { ...behind, web: await start('web', gatewayTo(behind)) };
}
const seldom = await startSeldom();
for (const { admission, booking, ops } of [apps, seldom]) {
  for (const app of [admission, booking, ops]) await until(`${app.name} is ready`, async () => (await fetch(`${app.internalUrl}${INSIDE.ready}`)).ok);
}

const answerOf = (status: number, text: string): Answer => {
  const code = /^\{/.test(text) ? (JSON.parse(text) as { code?: string }).code : undefined;
  return { status, code, text };
};
const headersOf = ({ body, headers = {} }: Asked): Record<string, string> => ({
  // A client's own word about its address is never believed.
  'x-forwarded-for': '203.0.113.77',
  ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  ...headers,
});

function gatewayAlone(t: Test, { ops, web }: Apps): Front {
  const agents = new Map<string, Agent>();
  t.teardown(() => Promise.all([...agents.values()].map((agent) => agent.close())));
  return {
    name: 'the gateway alone',
    open: (t, path, { from, ops: isOps }) => handshake(t, `${(isOps === true ? ops : web).url.replace('http', 'ws')}${path}`, { localAddress: from }),
    async ask(path, asked) {
      const agent = agents.get(asked.from) ?? new Agent({ localAddress: asked.from });
      agents.set(asked.from, agent);
      const reply = await request(`${(asked.ops === true ? ops : web).url}${path}`, {
        dispatcher: agent, headers: headersOf(asked), ...(asked.body === undefined ? {} : { method: 'POST', body: JSON.stringify(asked.body) }),
      });
      return answerOf(reply.statusCode, await reply.body.text());
    },
  };
}

async function nginxInFront(t: Test, { admission, booking }: Apps): Promise<Front> {
  // What stands behind nginx believes one proxy.
  const [behindWeb, behindOps] = [await system.startApp('web', { env: { TRUST_PROXY: '1' } }), await system.startApp('ops', { env: { TRUST_PROXY: '1' } })];
  const ports = { web: behindWeb.port, admission: admission.port, booking: [booking.port], ops: behindOps.port };
  const { ask, secure, operators, ca } = await startNginx(t, { ...ports, changes: [['allow 127.0.0.1;', 'allow 127.0.0.0/8;']] });
  return {
    name: 'nginx and the gateway',
    open(t, path, { from, ops: isOps = false }) {
      const host = isOps ? HOSTS.OPS_HOST : HOSTS.PUBLIC_HOST;
      const options: ClientOptions & { servername: string } = { localAddress: from, ca, servername: host, headers: { host } };
      return handshake(t, `wss://127.0.0.1:${isOps ? operators : secure}${path}`, options);
    },
    async ask(path, asked) {
      const { from, body } = asked;
      const sent = { from, headers: headersOf(asked), ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      const reply = await ask(path, { host: asked.ops === true ? HOSTS.OPS_HOST : HOSTS.PUBLIC_HOST, ...sent });
      return answerOf(reply.status, reply.text);
    },
  };
}

function handshake(t: Test, url: string, options: ClientOptions): Promise<number> {
  const socket = new WebSocket(url, { ...options, handshakeTimeout: 15_000 });
  socket.on('error', () => undefined);
  t.teardown(() => socket.terminate());
  return new Promise((done) => {
    socket.once('open', () => done(101));
    socket.once('unexpected-response', (_request, response) => done(response.statusCode ?? 0));
    socket.once('close', () => done(0));
  });
}

const many = async (work: (index: number) => Promise<Answer>): Promise<Answer[]> => Promise.all(Array.from({ length: TRIES }, (_, index) => work(index)));
const FORGER = makeSigningKey('forger');
/** All of it is right but the signature. */
function tokenFor(clientKey: string, isSound: boolean): string {
  const ours = system.secrets.entryKeys[0] as SigningKeyText;
  const kh = bindingText(bindingOf(clientKey as HolderSecret));
  const entry = { room: 'demo' as RoomId, place: (2 ** 32 + 900_000) as Place, callNo: 1, shows: ['demo' as ShowId], enteredAtMs: Date.now(), kh };
  return signEntryToken(claimsOf(entry, { iss: apps.web.url, nowMs: Date.now() }), isSound ? ours : { ...FORGER, kid: ours.kid });
}
const enterWith = ({ ask }: Front, from: string, { isSound = false } = {}): Promise<Answer> => {
  const clientKey = makeHolderSecret();
  return ask(`${BOOKING_PREFIX}/entry`, { from, body: { entryToken: tokenFor(clientKey, isSound), clientKey } });
};

function limitsHitTheGuilty(t: Test, front: Front): void {
  t.test('forged entry tokens at the door', async (t) => {
    const { guilty, neighbour } = twoSources();
    const tries = await many(() => enterWith(front, guilty));
    t.ok(tries.some(({ status }) => status === REFUSED), JSON.stringify(tries.at(-1)));
    t.equal((await enterWith(front, neighbour)).code, 'token-invalid');
    t.equal((await enterWith(front, guilty, { isSound: true })).status, 401, 'a sound token of the same source is looked at: no such place');
  });

  t.test('guessed order keys', async (t) => {
    const { guilty, neighbour } = twoSources();
    const guess = (from: string): Promise<Answer> => {
      const [order, key] = [randomBytes(16).toString('base64url'), randomBytes(16).toString('base64url')];
      return front.ask(`${BOOKING_PREFIX}/orders/${order}`, { from, headers: { [ORDER_KEY_HEADER]: key } });
    };
    const tries = await many(() => guess(guilty));
    t.ok(tries.some(({ status }) => status === REFUSED), JSON.stringify(tries.at(-1)));
    t.equal((await guess(neighbour)).code, 'not-found');
  });

  t.test('invented shows', async (t) => {
    const { guilty, neighbour } = twoSources();
    const invent = (from: string): Promise<Answer> => front.ask(`${BOOKING_PREFIX}/shows/x${randomBytes(4).toString('hex')}/layout`, { from });
    const tries = await many(() => invent(guilty));
    t.ok(tries.some(({ status }) => status === REFUSED), JSON.stringify(tries.at(-1)));
    t.equal((await invent(neighbour)).code, 'not-found');
  });

  t.test('wrong passwords of operators', async (t) => {
    const { guilty, neighbour } = twoSources();
    const signIn = (from: string, password: string): Promise<Answer> =>
      front.ask(`${OPS_PREFIX}/sessions`, { from, ops: true, body: { name: TEST_OPERATOR.name, password } });
    const flood = many((index) => signIn(guilty, `a wrong password ${index}`));
    // A machine too busy for anybody says 503 and asks again; who guesses is never the reason (control's tests of the throttle).
    const heard: number[] = [];
    await until('the neighbour is let in beside them', async () => {
      heard.push((await signIn(neighbour, TEST_OPERATOR.password)).status);
      return heard.at(-1) === 201;
    }, BUSY_MS);
    t.notOk(heard.includes(REFUSED), heard.join(' '));
    const tries = await flood;
    t.ok(tries.some(({ status }) => status === REFUSED), JSON.stringify(tries.at(-1)));
    t.equal((await signIn(neighbour, TEST_OPERATOR.password)).status, 201, 'and afterwards');
  });

  t.test('questions for a place before their time: by fan, both of one address', async (t) => {
    const { guilty } = twoSources();
    const place = `${ADMISSION_PREFIX}/rooms/demo/places`;
    const join = async (): Promise<string> => {
      const { text } = await front.ask(place, { from: guilty, body: { clientKey: makeHolderSecret() } });
      return (JSON.parse(text) as PlaceReply).receipt as string;
    };
    const poll = (receipt: string): Promise<Answer> => front.ask(`${place}/me`, { from: guilty, headers: { authorization: `Bearer ${receipt}` } });
    const [mine, yours] = [await join(), await join()];
    const tries = await many(() => poll(mine));
    t.ok(tries.some(({ status }) => status === REFUSED), JSON.stringify(tries.at(-1)));
    t.equal((await poll(yours)).status, 200);
  });
}

const LISTENERS = [
  { name: 'sockets of places', path: `${ADMISSION_PREFIX}/rooms/demo/socket` },
  { name: 'sockets of seats', path: `${BOOKING_PREFIX}/shows/demo/socket` },
  { name: 'sockets of gauges', path: `${OPS_PREFIX}/rooms/demo/socket`, ops: true },
];

/** Opens more than a source may: how many were let in. The others are refused, and the neighbour is not. */
async function openMany(t: Test, front: Front, { path, ops: isOps = false }: (typeof LISTENERS)[number], times: number): Promise<number> {
  const { guilty, neighbour } = twoSources();
  const open = (from: string): Promise<number> => front.open(t, path, { from, ops: isOps });
  const opened = await Promise.all(Array.from({ length: times }, () => open(guilty)));
  const count = (status: number): number => opened.filter((one) => one === status).length;
  t.ok(count(503) > 0 && count(101) + count(503) === times, opened.join(' '));
  t.equal(await open(neighbour), 101);
  return count(101);
}

function socketsHitTheGuilty(t: Test, front: Front): void {
  // More than a source's share only by as much as the first are sent away meanwhile.
  for (const listener of LISTENERS) t.test(listener.name, async (t) => t.ok((await openMany(t, front, listener, 30)) >= NEWCOMERS_MAX / 4));
}

function handshakesHitTheGuilty(t: Test, front: Front): void {
  for (const listener of LISTENERS) t.test(`handshakes a second: ${listener.name}`, async (t) => t.ok((await openMany(t, front, listener, TRIES)) > 0));
}

const allLimits = (t: Test, front: Front): void => {
  limitsHitTheGuilty(t, front);
  socketsHitTheGuilty(t, front);
};
t.test('the gateway alone', async (t) => {
  allLimits(t, gatewayAlone(t, apps));
  handshakesHitTheGuilty(t, gatewayAlone(t, seldom));
});
t.test('nginx and the gateway', { skip: skipWithoutNginx }, async (t) => allLimits(t, await nginxInFront(t, apps)));
