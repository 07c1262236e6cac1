import { DEVICE_COOKIE } from '@onsale/contract';
import { createKeyRing } from '@onsale/entry-token';
import { SECOND_MS } from '@onsale/kernel';
import { createLogger, createMetrics, ownCookie, seldom, trustOf, type AdmissionConfig, type Logger, type OnsaleServer } from '@onsale/runtime';
import { openRoomConnection } from '@onsale/waiting-room';
import { buildApp } from './app.ts';
import type { AdmissionContext } from './context.ts';
import { createPollLimiter } from './poll-limiter.ts';
import { createRooms } from './rooms.ts';
import { createPlaceSockets, type PlaceSockets } from './sockets/place-socket.ts';

const IDLE_CHECK_EVERY_MS = 10 * SECOND_MS;
const REDIS_AT_START_MS = 1 * SECOND_MS;

export type Admission = { readonly app: OnsaleServer; readonly sockets: PlaceSockets; close(): Promise<void> };

/** Opens what admission works with: Redis, and nothing else. Both listeners are built, none is open yet. */
export async function wire(config: AdmissionConfig, logger: Logger = createLogger({ name: 'admission', level: config.logLevel })): Promise<Admission> {
  const metrics = createMetrics('admission');
  const monotonic = (): number => performance.now();
  const onError = seldom(monotonic, (error: unknown) => logger.warn({ err: error }, 'the waiting room could not be asked'));
  const connection = openRoomConnection(config.redisUrl, onError);
  const rooms = createRooms({ connection, polls: createPollLimiter(config.pollBurst), wallClock: Date.now, monotonic, onError });
  const { secrets } = config;
  const deviceCookie = ownCookie(DEVICE_COOKIE, { secure: config.secureCookies });
  const holderKeys = { receipt: secrets.receipt, device: secrets.device, cookieName: deviceCookie.name };
  const sockets = createPlaceSockets({
    connection, rooms, holderKeys, publicOrigins: config.publicOrigins, monotonic, random: Math.random, onError,
    bounds: config.sockets, trust: trustOf(config.trustedProxies),
  });
  const context: AdmissionContext = {
    connection, rooms, sockets, holderKeys, keyRing: createKeyRing(secrets.entryKeys), issuer: config.publicOrigin,
    internalSecrets: secrets.internal, deviceCookie, wallClock: Date.now, monotonic,
  };
  const options = { logger, metrics, publicOrigins: config.publicOrigins, trustedProxies: config.trustedProxies, checkReplies: config.checkReplies };
  const app = await buildApp(context, options);
  const idle = setInterval(() => void rooms.closeIdle().catch(onError), IDLE_CHECK_EVERY_MS);
  // Redis away at the start is no reason not to start: the process is live, not ready, and says so.
  await connection.ready(REDIS_AT_START_MS).catch(onError);
  return {
    app, sockets,
    async close() {
      clearInterval(idle);
      await app.close();
      await rooms.close();
      await connection.close();
    },
  };
}
