import cookie from '@fastify/cookie';
import websocket from '@fastify/websocket';
import { BOOKING_PREFIX, ProblemError } from '@onsale/contract';
import { DatabaseAway, DatabaseBusy, isUnavailable } from '@onsale/database';
import { buildServer, endUnanswered, SOCKET_OPTIONS, type OnsaleServer, type ServerOptions } from '@onsale/runtime';
import type { BookingContext } from './context.ts';
import { entryRoutes } from './routes/entry.ts';
import { holdRoutes } from './routes/holds.ts';
import { orderRoutes } from './routes/orders.ts';
import { paymentRoutes } from './routes/payments.ts';
import { seatMapRoutes } from './routes/seat-map.ts';
import { seatSocketRoutes } from './sockets/seat-socket.ts';

const RETRY_AFTER_MS = 1_000;

/** Booking's HTTP face; testable by inject. The context is opened and closed by the caller. */
export async function buildApp(options: Omit<ServerOptions, 'name' | 'translateError' | 'api'>, context: BookingContext): Promise<OnsaleServer> {
  const app = await buildServer({
    ...options,
    name: 'booking',
    translateError,
    api: { title: 'Onsale booking', description: 'Seats, orders and tickets for holders of an entry session.', version: '1', api: 'booking' },
  });
  await app.register(cookie);
  endUnanswered(app.server);
  await app.register(websocket, { options: SOCKET_OPTIONS });
  await app.register(
    async (api) => {
      entryRoutes(api, context);
      seatMapRoutes(api, context);
      holdRoutes(api, context);
      orderRoutes(api, context);
      paymentRoutes(api, context);
      seatSocketRoutes(api, context);
    },
    { prefix: BOOKING_PREFIX },
  );
  return app;
}

/** A full queue or a database that is away is no bug of the request: 503 with a time. */
function translateError(error: Error): ProblemError | undefined {
  if (error instanceof DatabaseBusy) return new ProblemError('overloaded', { retryAfterMs: RETRY_AFTER_MS });
  if (error instanceof DatabaseAway || isUnavailable(error)) return new ProblemError('unavailable', { retryAfterMs: RETRY_AFTER_MS });
  return undefined;
}
