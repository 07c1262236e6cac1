import { buildInside, type Inside } from '@onsale/runtime';
import type { WorkerContext } from './context.ts';
import type { WorkerLoops } from './loops.ts';

/** Health and metrics on the internal listener, the only one: a worker has no routes. */
export function buildApp({ connection, database, logger, metrics }: WorkerContext, loops: WorkerLoops): Inside {
  metrics.gauge('onsale_loops_unhealthy', 'Loops without a success for too long', () => loops.all().filter((loop) => !loop.health().healthy).length);
  metrics.gauge('onsale_rooms_called', 'Rooms whose lines this worker calls', () => loops.rooms().length);
  metrics.gauge('onsale_rooms_uncalled', 'Rooms that no worker calls', () => loops.uncalled().length);
  metrics.gauge('onsale_loop_failures', 'Failures of all loops since the start', () => loops.all().reduce((sum, loop) => sum + loop.health().failures, 0));
  return buildInside({
    name: 'worker',
    logger,
    metrics,
    publicOrigins: [],
    ready: {
      redis: async () => (await connection.redis.ping()) === 'PONG' && connection.runId() !== null,
      database: async () => { await database.reads.query('SELECT 1'); return true; },
      loops: () => loops.all().every((loop) => loop.health().healthy),
      rooms: () => loops.uncalled().length === 0,
    },
  });
}
