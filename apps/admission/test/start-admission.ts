import { randomBytes } from 'node:crypto';
import { ADMISSION_PREFIX, type PlaceReply } from '@onsale/contract';
import type { RoomId, ShowId } from '@onsale/kernel';
import { makeSecrets, NO_PROXIES, openSecrets, type AdmissionConfig } from '@onsale/runtime';
import { configure, createCaller, DEFAULT_TIMES, keysOf, type CallReply, type RoomSettings } from '@onsale/waiting-room';
import { openRoomConnection, type RoomConnection } from '@onsale/waiting-room';
import { wire, type Admission } from '../src/wire.ts';

export const REDIS_URL = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
export const ORIGIN = 'http://localhost:3000';

export type Running = {
  readonly admission: Admission;
  readonly config: AdmissionConfig;
  readonly connection: RoomConnection;
  /** Makes a room of its own; removed at the end. */
  readonly makeRoom: (settings?: Partial<RoomSettings>) => Promise<RoomSettings>;
  /** Calls until `count` places have been called (or 50 ticks have passed). */
  readonly call: (room: RoomId, count?: number) => Promise<void>;
  readonly tick: (room: RoomId) => Promise<CallReply>;
  readonly close: () => Promise<void>;
};

export const newKey = (): string => randomBytes(16).toString('base64url');

export function configFor(given: Partial<AdmissionConfig> = {}): AdmissionConfig {
  return {
    app: 'admission', production: false, host: '127.0.0.1', port: 0, publicOrigins: [ORIGIN], publicOrigin: ORIGIN, secureCookies: false, logLevel: 'silent',
    trustedProxies: NO_PROXIES, checkReplies: true, dataFolder: '.data', redisUrl: REDIS_URL, internalHost: '127.0.0.1', internalPort: 0, pollBurst: 3,
    sockets: { handshakesPerSecond: 2_000, newcomersMax: 8_192 },
    secrets: openSecrets(makeSecrets()), ...given,
  } as AdmissionConfig;
}

export async function startAdmission(given: Partial<AdmissionConfig> = {}): Promise<Running> {
  const config = configFor(given);
  const connection = openRoomConnection(config.redisUrl);
  await connection.ready();
  const admission = await wire(config);
  const rooms: RoomId[] = [];
  const callers = new Map<RoomId, { tick(): Promise<CallReply> }>();
  const tick = (room: RoomId): Promise<CallReply> => {
    const caller = callers.get(room) ?? createCaller(connection, room, () => performance.now());
    callers.set(room, caller);
    return caller.tick();
  };
  return {
    admission, config, connection, tick,
    async makeRoom(settings = {}) {
      const room = `t-${randomBytes(6).toString('hex')}` as RoomId;
      rooms.push(room);
      const whole: RoomSettings = {
        room, name: { ko: '시험', en: 'Test' }, shows: ['arena' as ShowId], phase: 'open', opensAtMs: null, ratePerMinute: null, capacity: 100,
        ...DEFAULT_TIMES, identity: 'device', rejoin: true, version: 1, epoch: 1, ...settings,
      };
      await configure(connection, whole, { create: true });
      return whole;
    },
    async call(room, count = 1) {
      let called = 0;
      for (let step = 0; step < 50 && called < count; step += 1) {
        const ticked = await tick(room);
        if (ticked.word === 'ticked') called += ticked.called.length;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async close() {
      await admission.close();
      for (const room of rooms) await connection.redis.del(...keysOf(room));
      await connection.close();
    },
  };
}

export const bearer = (receipt: string): Record<string, string> => ({ authorization: `Bearer ${receipt}` });
export const pathOf = (room: string, rest = ''): string => `${ADMISSION_PREFIX}/rooms/${room}${rest}`;

/** Joins with a fresh key. */
export async function joinRoom({ admission }: Running, room: string, clientKey = newKey()): Promise<{ clientKey: string; me: PlaceReply; receipt: string }> {
  const answer = await admission.app.inject({ method: 'POST', url: pathOf(room, '/places'), payload: { clientKey } });
  if (answer.statusCode > 201) throw new Error(`join answered ${answer.statusCode} ${answer.body}`);
  const me = answer.json<PlaceReply>();
  return { clientKey, me, receipt: me.receipt as string };
}

/** All data of a room, as bytes: equal before and after what must change nothing. */
export async function dumpOf(connection: RoomConnection, room: RoomId): Promise<string> {
  const dumps = await Promise.all(keysOf(room).map((key) => connection.redis.dumpBuffer(key)));
  return dumps.map((dump) => dump?.toString('base64') ?? '-').join('\n');
}
