import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { OPS_PREFIX, type OpsRoomReply } from '@onsale/contract';
import {
  createOperator, createPasswordHasher, createRoom, DEFAULT_SETTINGS, readRoom, type OperatorRole, type RoomPhase, type RoomSettings,
} from '@onsale/control';
import { migrate, openPool, type Pool } from '@onsale/database';
import { valueOf, type RoomId, type ShowId } from '@onsale/kernel';
import { createLogger, makeSecrets, NO_PROXIES, openSecrets, type OpsConfig } from '@onsale/runtime';
import { openAppUser, ownDatabase } from '@onsale/testing';
import { configure, keysOf, openRoomConnection, type RoomConnection } from '@onsale/waiting-room';
import { wire, type Ops, type WireOptions } from '../src/wire.ts';
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts';

const REDIS_URL = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
export const ORIGIN = 'http://localhost:3001';
export const PASSWORD = 'a long password of a test';

type Teardown = { readonly teardown: (close: () => unknown) => unknown };
export type DeskReply = OpsRoomReply & { readonly inForce: boolean; readonly saved: boolean };

/** Ops on a real Redis and on a database of its own, which it reaches through a proxy that can break. */
export type Running = {
  readonly ops: Ops;
  readonly config: OpsConfig;
  /** Past the proxy. */
  readonly pool: Pool;
  readonly connection: RoomConnection;
  readonly proxy: FaultProxy;
  readonly logs: string[];
  /** A room saved, and in force unless told not to; removed at the end. */
  makeRoom(settings?: Partial<RoomSettings>, inRedis?: boolean): Promise<RoomSettings>;
  makeOperator(role?: OperatorRole): Promise<{ readonly name: string; readonly token: string; readonly headers: Record<string, string> }>;
  saved(room: RoomId): Promise<RoomSettings>;
};

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
export const api = (path: string): string => OPS_PREFIX + path;

export async function startOps(t: Teardown, given: Partial<OpsConfig> = {}, options: WireOptions = {}): Promise<Running> {
  const direct = await ownDatabase(t);
  await migrate(direct);
  const url = new URL((await openAppUser(t, direct, 'ops')).url);
  const proxy = await startFaultProxy(url.hostname, Number(url.port));
  url.port = String(proxy.port);
  const config = {
    app: 'ops', production: false, host: '127.0.0.1', port: 0, publicOrigins: [ORIGIN], publicOrigin: ORIGIN, secureCookies: false, logLevel: 'debug',
    trustedProxies: NO_PROXIES, checkReplies: true, dataFolder: '.data', redisUrl: REDIS_URL, databaseUrl: url.href, pools: { hot: 1, money: 1, reads: 2 },
    sockets: { handshakesPerSecond: 2_000, newcomersMax: 8_192 },
    secrets: openSecrets(makeSecrets()), ...given,
  } as OpsConfig;
  const logs: string[] = [];
  const logger = createLogger({ name: 'ops', level: 'debug', destination: { write: (line) => void logs.push(line) } });
  const pool = openPool({ url: direct, connections: 2 });
  const connection = openRoomConnection(REDIS_URL);
  await connection.ready();
  const ops = await wire(config, logger, { consoleFolder: '/nowhere', passwords: { logN: 10 }, ...options });
  const rooms: RoomId[] = [];
  t.teardown(async () => {
    proxy.heal();
    await ops.close();
    await proxy.close();
    await pool.close();
    for (const room of rooms) await connection.redis.del(...keysOf(room));
    await connection.close();
  });
  return {
    ops, config, pool, connection, proxy, logs,
    async makeRoom(settings = {}, inRedis = true) {
      const room = `o-${randomBytes(6).toString('hex')}` as RoomId;
      rooms.push(room);
      const whole = { ...DEFAULT_SETTINGS, room, name: { ko: '시험', en: 'Test' }, shows: ['arena' as ShowId], phase: 'open' as RoomPhase, ...settings };
      if (inRedis) await configure(connection, whole, { create: true });
      return valueOf(await createRoom(pool, whole, { actor: 'test', cause: '' }));
    },
    async makeOperator(role = 'operator') {
      const name = `op-${randomBytes(4).toString('hex')}`;
      valueOf(await createOperator({ pool, hasher: createPasswordHasher({ logN: 10 }) }, { name, role, password: PASSWORD }, { actor: 'test', cause: '' }));
      const answer = await ops.app.inject({ method: 'POST', url: api('/sessions'), payload: { name, password: PASSWORD } });
      const { token } = answer.json<{ token: string }>();
      return { name, token, headers: bearer(token) };
    },
    saved: async (room) => (await readRoom(pool, room)) as RoomSettings,
  };
}

/** Waits until `check` holds; past `withinMs` the test has failed. */
export async function until(check: () => Promise<boolean> | boolean, withinMs = 15_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms`);
    await sleep(50);
  }
}

/** All data of a room, as bytes: equal before and after what must change nothing. */
export async function dumpOf(connection: RoomConnection, room: RoomId): Promise<string> {
  const dumps = await Promise.all(keysOf(room).map((key) => connection.redis.dumpBuffer(key)));
  return dumps.map((dump) => dump?.toString('base64') ?? '-').join('\n');
}
