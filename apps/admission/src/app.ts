import { ADMISSION_PREFIX } from '@onsale/contract';
import { buildServer, type Logger, type Metrics, type OnsaleServer, type TrustedProxies } from '@onsale/runtime';
import type { AdmissionContext } from './context.ts';
import { deviceRoute } from './routes/device.ts';
import { enterRoute } from './routes/enter.ts';
import { frameRoute } from './routes/frame.ts';
import { joinRoute } from './routes/join.ts';
import { jwksRoute } from './routes/jwks.ts';
import { leaveRoute } from './routes/leave.ts';
import { placeRoute } from './routes/place.ts';
import { redeemRoute } from './routes/redeem.ts';
import { returnRoute } from './routes/return.ts';
import { roomRoute } from './routes/room.ts';
import { translateError } from './translate-error.ts';

export type AppOptions = {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly publicOrigins: readonly string[];
  readonly trustedProxies?: TrustedProxies;
  readonly checkReplies?: boolean;
};

const ROUTES = [roomRoute, frameRoute, deviceRoute, joinRoute, placeRoute, leaveRoute, returnRoute, enterRoute, jwksRoute];

/** The waiting room: what fans ask, and inside what booking asks. Opens nothing itself: what it works with is handed in. */
export async function buildApp(context: AdmissionContext, options: AppOptions): Promise<OnsaleServer> {
  const { connection, rooms, sockets, internalSecrets } = context;
  const server = await buildServer({
    ...options,
    name: 'admission',
    translateError,
    ready: { redis: async () => (await connection.redis.ping()) === 'PONG' && connection.runId() !== null },
    api: { title: 'Onsale admission', description: 'The public side of the waiting room', version: '1', api: 'admission' },
  });
  await server.register(async (scope) => {
    for (const add of ROUTES) add(scope as OnsaleServer, context);
  }, { prefix: ADMISSION_PREFIX });
  redeemRoute(server.inside, { connection, internalSecrets });
  options.metrics.gauge('onsale_place_sockets', 'Sockets of fans in line', () => sockets.size);
  options.metrics.gauge('onsale_room_feeds', 'Rooms whose frames and calls are followed', () => rooms.size);
  sockets.attach(server.server);
  server.addHook('preClose', () => sockets.stop());
  return server;
}
