import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADMISSION_PREFIX, BOOKING_PREFIX, CLIENT_KEY_HEADER, INSIDE, type EntryReply, type PlaceReply, type SessionReply } from '@onsale/contract';
import { randomBelow, seededRandom, type Place, type RoomId } from '@onsale/kernel';
import type { WorkerConfig } from '@onsale/runtime';
import { faultProxy, makeOnSale, openWholeSystem, seedOf, until, type AppProcess, type FaultProxy, type WholeSystem } from '@onsale/testing';
import { openRoomConnection, readGauges, readPlace, withoutGuards, type RoomConnection } from '@onsale/waiting-room';
import t from 'tap';
import { wire, type Worker } from '../src/wire.ts';

/*
 * Entering is one step in two stores: redeem in Redis, then the session's row in MySQL. Every way of being cut, frozen or killed between
 * them is played on one booking process, the reconciler looks, and the fan who asks again at another process gets in.
 *
 *   fan ── door ──► booking ── redeeming ──► admission ──► Redis
 *                      └────── database ───► MariaDB
 */
const ROOM = 'demo' as RoomId;
/** What the reconciler once took for a session that never comes. */
const LONG_MS = 11_000;
const GIVES_UP_MS = 900;
const CUTS = 10;

type Fan = { readonly clientKey: string; readonly entryToken: string; readonly place: Place };
type Stage = {
  readonly system: WholeSystem;
  readonly booking: AppProcess;
  readonly other: AppProcess;
  readonly lines: Readonly<Record<'door' | 'redeeming' | 'database', FaultProxy>>;
  readonly connection: RoomConnection;
  readonly worker: Worker;
};

async function openStage(): Promise<Stage> {
  const system = await openWholeSystem({ processes: { sandbox: 1, admission: 1 } });
  t.teardown(() => system.close());
  await makeOnSale(system, { ratePerMinute: null, capacity: 500 });
  const [admission] = system.apps('admission') as [AppProcess];
  const redeeming = await faultProxy(t, admission.internalUrl);
  const database = await faultProxy(t, system.mariadb.url);
  const env = { ADMISSION_INTERNAL_URL: `http://${redeeming.host}:${redeeming.port}`, DATABASE_URL: database.through(system.mariadb.url) };
  const booking = await system.startApp('booking', { env });
  const other = await system.startApp('booking');
  const door = await faultProxy(t, booking.url);
  const worker = await wire({
    databaseUrl: system.mariadb.url, redisUrl: system.redis.url, pools: { hot: 1, money: 3, reads: 2 }, secrets: system.secrets, logLevel: 'silent',
    tossUrl: system.apps('sandbox')[0]?.url,
  } as unknown as WorkerConfig);
  t.teardown(() => worker.close());
  const connection = openRoomConnection(system.redis.url);
  t.teardown(() => connection.close());
  await connection.ready();
  for (const { internalUrl } of [booking, other]) await until('booking is ready', async () => (await fetch(internalUrl + INSIDE.ready)).ok);
  return { system, booking, other, lines: { door, redeeming, database }, connection, worker };
}

const post = (url: string, body?: object, headers: Record<string, string> = {}, withinMs = 30_000): Promise<Response> =>
  fetch(url, {
    method: 'POST', headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }), signal: AbortSignal.timeout(withinMs),
  });

async function calledFan({ system }: Stage): Promise<Fan> {
  const room = `${system.apps('admission')[0]?.url}${ADMISSION_PREFIX}/rooms/${ROOM}`;
  const clientKey = randomBytes(16).toString('base64url');
  const { receipt, place } = (await (await post(`${room}/places`, { clientKey })).json()) as PlaceReply;
  let entryToken = '';
  await until('the fan is called and enters', async () => {
    const answer = await post(`${room}/places/me/entry`, undefined, { authorization: `Bearer ${receipt}` });
    if (answer.ok) entryToken = ((await answer.json()) as EntryReply).entryToken;
    return entryToken !== '';
  });
  return { clientKey, entryToken, place: place as Place };
}

/** The answer's status, or how there was none. */
const press = (url: string, { clientKey, entryToken }: Fan, withinMs?: number): Promise<number | string> =>
  post(`${url}${BOOKING_PREFIX}/entry`, { entryToken, clientKey }, {}, withinMs).then(({ status }) => status, (error: Error) => error.name);

const stateOf = async ({ connection }: Stage, { place }: Fan): Promise<string> => {
  const [reply] = await readPlace(connection, ROOM, [place]);
  return reply?.word === 'place' ? reply.view.state : String(reply?.word);
};
const freeze = (pid: number): void => void process.kill(pid, 'SIGSTOP');
const thaw = (pid: number): void => void process.kill(pid, 'SIGCONT');

async function reconcileNow({ worker }: Stage): Promise<void> {
  const loop = worker.loops.all().find((candidate) => candidate.health().name === `reconciler of ${ROOM}`);
  if (loop === undefined) throw new Error('no reconciler');
  // A run is counted when it begins: when the second has begun the first is through.
  for (let rounds = 0; rounds < 2; rounds += 1) {
    const before = loop.health().runs;
    loop.kick();
    await until('the reconciler looks', () => loop.health().runs > before);
  }
}

/** Each leaves the lines whole. What the fan was told, if anything. */
function faultsOf(stage: Stage, random: () => number): Record<string, (fan: Fan) => Promise<number | string>> {
  const { lines: { door, redeeming, database }, booking, system } = stage;
  const through = `http://${door.host}:${door.port}`;
  const cut = (line: FaultProxy, bytes: number, direction: 'to-server' | 'to-client') => async (fan: Fan) => {
    line.dropAfter(bytes, direction);
    const told = await press(through, fan, 8_000);
    line.heal();
    return told;
  };
  const silent = (line: FaultProxy, afterwards: () => Promise<void>) => async (fan: Fan) => {
    line.freeze();
    const told = await press(through, fan, GIVES_UP_MS);
    await afterwards();
    line.heal();
    return told;
  };
  const between = async (fan: Fan): Promise<void> => {
    await until('redeemed, no row', async () => (await stateOf(stage, fan)) === 'redeemed');
  };
  return {
    'the request is cut': cut(door, 40, 'to-server'),
    'the answer is cut': cut(door, 1, 'to-client'),
    'redeeming is cut on the way': cut(redeeming, 1, 'to-server'),
    'the answer of redeeming is cut': cut(redeeming, 1, 'to-client'),
    'admission is silent': silent(redeeming, async () => undefined),
    'Redis is frozen': async (fan) => {
      freeze(system.redis.pid);
      const told = await press(through, fan, GIVES_UP_MS);
      thaw(system.redis.pid);
      return told;
    },
    ...Object.fromEntries(Array.from({ length: CUTS }, (_, n) => {
      const bytes = 1 + randomBelow(random, 2_400);
      return [`the database is cut after ${bytes} bytes`, cut(database, bytes, n % 2 === 0 ? 'to-server' : 'to-client')] as const;
    })),
    'the database refuses': async (fan) => {
      database.refuse();
      const told = await press(through, fan);
      database.heal();
      return told;
    },
    'the database is silent, then booking is killed': async (fan) => {
      const told = await silent(database, async () => booking.kill())(fan);
      await booking.restart();
      await until('booking is ready again', async () => (await fetch(booking.internalUrl + INSIDE.ready).catch(() => undefined))?.ok === true, 30_000);
      return told;
    },
    'booking is frozen between redeeming and writing': async (fan) => {
      database.freeze();
      const told = press(through, fan, GIVES_UP_MS);
      await between(fan);
      freeze(booking.process.pid);
      database.heal();
      return await told;
    },
  };
}

t.test('cut, frozen or killed at any step of entering: whoever asks again gets in, at another process too', { timeout: 240_000 }, async (t) => {
  const stage = await openStage();
  const random = seededRandom(seedOf(t));
  const struck: [string, Fan, number | string][] = [];
  for (const [name, strike] of Object.entries(faultsOf(stage, random))) {
    const fan = await calledFan(stage);
    struck.push([name, fan, await strike(fan)]);
  }
  const clock = async (): Promise<number> => {
    const gauges = await readGauges(stage.connection, ROOM);
    return gauges.word === 'gauges' ? gauges.clock : Number.NaN;
  };
  const from = await clock();
  await until('longer than any message is on its way', async () => (await clock()) > from + LONG_MS, 60_000);
  await reconcileNow(stage);
  t.ok(struck.filter(([, , told]) => told !== 201).length >= 7, 'most were told nothing, or 503');
  for (const [name, fan, told] of struck) {
    const state = await stateOf(stage, fan);
    t.ok(['entered', 'redeemed'].includes(state), `${name}: told ${told}, the place is ${state}`);
    const answer = await post(`${stage.other.url}${BOOKING_PREFIX}/entry`, { entryToken: fan.entryToken, clientKey: fan.clientKey });
    t.ok(answer.status === 201 || answer.status === 200, `${name}: asked again at another process: ${answer.status}`);
    const { session } = (await answer.json()) as SessionReply;
    const inside = await fetch(`${stage.other.url}${BOOKING_PREFIX}/entry`, {
      headers: { authorization: `Bearer ${session}`, [CLIENT_KEY_HEADER]: fan.clientKey },
    });
    t.equal(inside.status, 200, `${name}: inside`);
  }
  thaw(stage.booking.process.pid);
  await sleep(500);
  await reconcileNow(stage);
  for (const [name, fan] of struck) t.equal(await stateOf(stage, fan), 'redeemed', `${name}: still in booking after another look`);

  const last = await calledFan(stage);
  stage.lines.database.refuse();
  await until('redeemed, and no session', async () => {
    t.equal(await press(stage.booking.url, last), 503);
    return (await stateOf(stage, last)) === 'redeemed';
  });
  stage.lines.database.heal();
  withoutGuards(['reconcile.minutes']);
  await reconcileNow(stage);
  withoutGuards([]);
  t.equal(await press(stage.other.url, last), 401, 'negative control: without the guard the place is gone');
});
