import { createHash, randomBytes } from 'node:crypto';
import { publishShow, type LayoutDoc } from '@onsale/booking';
import { createRoom, DEFAULT_SETTINGS, type RoomSettings } from '@onsale/control';
import { valueOf, type OpaqueId, type Place, type RoomId, type ShowId } from '@onsale/kernel';
import { makeSecrets, openSecrets, type WorkerConfig } from '@onsale/runtime';
import { openTestDatabase, openTestRedis, type TestContext, type TestDatabase, type TestRedis } from '@onsale/testing';
import { configure, enter, join, readGauges, redeem, type RoomGauges } from '@onsale/waiting-room';
import { wire, type Worker } from '../src/wire.ts';

export const ACT = { actor: 'test', cause: '' };
export const SHOW = 'show' as ShowId;

export type House = {
  readonly database: TestDatabase;
  readonly redis: TestRedis;
  readonly makeRoom: (settings?: Partial<RoomSettings>) => Promise<RoomSettings>;
  readonly gauges: (room: RoomId) => Promise<RoomGauges>;
  readonly startWorker: (given?: Partial<WorkerConfig>) => Promise<Worker>;
};

/** A migrated database and a part of Redis of the test's own; workers are closed before they are dropped. */
export async function openHouse(t: TestContext, redisUrl?: string): Promise<House> {
  const database = await openTestDatabase(t);
  const redis = await openTestRedis(t, redisUrl);
  const secrets = openSecrets(makeSecrets());
  return {
    database, redis,
    async makeRoom(settings = {}) {
      const room = redis.newRoom();
      const wanted: RoomSettings = { ...DEFAULT_SETTINGS, room, name: { ko: '시험', en: 'Test' }, shows: [SHOW], phase: 'open', ...settings };
      const whole = valueOf(await createRoom(database.pool, wanted, ACT));
      await configure(redis.connection, whole, { create: true });
      return whole;
    },
    async gauges(room) {
      const gauges = await readGauges(redis.connection, room);
      if (gauges.word !== 'gauges') throw new Error(gauges.word);
      return gauges;
    },
    async startWorker(given = {}) {
      const worker = await wire({
        app: 'worker', production: false, host: '127.0.0.1', port: 0, publicOrigins: [], publicOrigin: '', secureCookies: false, logLevel: 'silent',
        trustedProxies: { hops: 0, networks: [] }, checkReplies: true, dataFolder: '.data', redisUrl: redis.url, databaseUrl: database.url,
        pools: { hot: 1, money: 3, reads: 2 }, secrets,
        admissionInternalUrl: 'http://127.0.0.1:1', tossUrl: 'http://127.0.0.1:1', tossConnections: 256, ...given,
      } as unknown as WorkerConfig);
      t.teardown(() => worker.close());
      return worker;
    },
  };
}

export const identityFor = (n: number): Buffer => createHash('sha256').update(`fan ${n}`).digest().subarray(0, 16);
export const bindingFor = (n: number): Buffer => createHash('sha256').update(`fan ${n}`).digest();
export const newId = (): OpaqueId => randomBytes(16).toString('base64url') as OpaqueId;

export async function joinFans({ redis }: House, room: RoomId, count: number): Promise<Place[]> {
  const places: Place[] = [];
  for (let from = 0; from < count; from += 200) {
    const replies = await join(redis.connection, room, Array.from({ length: Math.min(200, count - from) }, (_, n) => ({ identity: identityFor(from + n) })));
    for (const reply of replies) if ('view' in reply) places.push(reply.view.place);
  }
  return places;
}

/** The called place of fan `n` enters and is redeemed; gives its call's number. */
export async function enterAndRedeem({ redis }: House, room: RoomId, place: Place, n: number): Promise<number> {
  const entered = await enter(redis.connection, room, { place, binding: bindingFor(n), kid: 'k' });
  if (!('grant' in entered)) throw new Error(entered.word);
  const { callNo, epoch } = entered.grant;
  const redeemed = await redeem(redis.connection, room, { place, callNo, epoch, binding: bindingFor(n) });
  if (redeemed.word !== 'redeemed') throw new Error(redeemed.word);
  return callNo;
}

/** A hall of one row of `seats` seats, on sale. */
export async function publishSmallShow({ database }: House, seats = 10): Promise<void> {
  const layout: LayoutDoc = {
    width: 100, height: 100, stage: [], focus: [50, 0], seats,
    grades: [{ grade: 'R', name: { ko: 'R', en: 'R' }, price: 100_000, fee: 2_000, color: '#112233' }],
    sections: [{
      section: '1', name: { ko: '1', en: '1' }, outline: [], rows: [{ row: '1', first: 0, count: seats, label0: 1, x: 1, y: 1, dx: 1, dy: 0, grade: 'R' }],
    }],
  };
  await publishShow(database.pool, {
    show: SHOW, event: 'event', eventName: { ko: '공연', en: 'Concert' }, venueName: { ko: '홀', en: 'Hall' }, currency: 'KRW', layout,
    startsAt: new Date(Date.now() + 86_400_000), opensAt: new Date(Date.now() - 3_600_000), closesAt: new Date(Date.now() + 80_000_000),
  });
}
