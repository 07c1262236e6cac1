import websocket from '@fastify/websocket';
import { OPS_PREFIX } from '@onsale/contract';
import type { OperatorRole } from '@onsale/control';
import { buildServer, endUnanswered, SOCKET_OPTIONS, type OnsaleServer, type ServerOptions } from '@onsale/runtime';
import type { FastifyInstance } from 'fastify';
import { serveConsole } from './console.ts';
import type { OpsContext } from './context.ts';
import { auditLogRoute } from './routes/audit-log.ts';
import { auditRoute } from './routes/audit.ts';
import { gaugesRoute } from './routes/gauges.ts';
import { journalRoute } from './routes/journal.ts';
import { roomRoutes } from './routes/rooms.ts';
import { showRoutes } from './routes/shows.ts';
import { signInRoute, signOutRoute } from './routes/sessions.ts';
import { GaugesHub } from './sockets/gauges-hub.ts';
import { gaugesSocketRoute, WATCHERS } from './sockets/gauges-socket.ts';
import { translateError } from './translate-error.ts';

/** After a restart the consoles come back within this time, each at a moment of its own. */
const RESTART_SPREAD_MS = 5_000;
const EVERYBODY: readonly OperatorRole[] = ['operator', 'organiser', 'gate'];

/** The control plane's HTTP face; testable by inject. The context is opened and closed by the caller. */
export async function buildApp(options: Omit<ServerOptions, 'name' | 'translateError' | 'api' | 'ready'>, context: OpsContext): Promise<OnsaleServer> {
  const { connection, pool, gate } = context;
  const server = await buildServer({
    ...options,
    name: 'ops',
    translateError,
    ready: {
      redis: async () => (await connection.redis.ping()) === 'PONG' && connection.runId() !== null,
      mysql: async () => (await pool.query('SELECT 1')).length > 0,
    },
    api: { title: 'Onsale operations', description: 'The control plane: rooms, live gauges, journal, audit.', version: '1', api: 'ops' },
  });
  const hub = new GaugesHub(context);
  endUnanswered(server.server);
  await server.register(websocket, {
    options: SOCKET_OPTIONS,
    // The plugin's own would close everybody without a word.
    preClose(this: FastifyInstance, done: () => void) {
      void hub.stop(() => Math.floor(Math.random() * RESTART_SPREAD_MS)).then(() => {
        this.websocketServer.close();
        done();
      });
    },
  });
  await server.register(async (scope) => {
    const open = scope as OnsaleServer;
    signInRoute(open, context, options.metrics);
    gaugesSocketRoute(open, { ...context, hub }, options.metrics);
    await open.register(async (signedIn) => {
      // After validation: the registry of problems puts 400 before 401.
      signedIn.addHook('preHandler', gate.guard(EVERYBODY));
      signOutRoute(signedIn as OnsaleServer, context);
    });
    await open.register(async (signedIn) => {
      signedIn.addHook('preHandler', gate.guard(WATCHERS));
      for (const add of [roomRoutes, showRoutes, gaugesRoute, journalRoute, auditLogRoute, auditRoute]) add(signedIn as OnsaleServer, context);
    });
  }, { prefix: OPS_PREFIX });
  await serveConsole(server, context.consoleFolder);
  return server;
}
