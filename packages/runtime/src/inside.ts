import { INSIDE } from '@onsale/contract';
import { readinessOf, type HealthChecks } from './health.ts';
import { buildShell, type Listener, type ShellOptions } from './shell.ts';
import { NO_PROXIES } from './trusted-proxies.ts';

/** The listener for our own processes and whoever watches them: it has an address of its own, which no proxy knows. */
export type Inside = Listener;
export type InsideOptions = ShellOptions & { readonly ready?: HealthChecks };

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
/** However busy the process is: who watches it must see that. */
const unlisted = { config: { importance: 'never' as const } };

/** Health and metrics; an app may add routes for the other apps. By itself it is the only listener of a process that serves nobody outside. */
export function buildInside({ ready = {}, ...options }: InsideOptions): Inside {
  const { metrics } = options;
  // No page and no proxy has any business here.
  const { app, pressure } = buildShell({ ...options, publicOrigins: [], trustedProxies: NO_PROXIES, headRoutes: false });
  metrics.gauge('onsale_loop_delay_ms', 'Delay of the event loop, decaying maximum', () => pressure.loopDelayMs);
  app.get(INSIDE.live, unlisted, async () => ({ live: true }));
  app.get(INSIDE.ready, unlisted, async (_request, reply) => {
    const readiness = await readinessOf(ready);
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });
  app.get(INSIDE.metrics, unlisted, async (_request, reply) => reply.type(METRICS_TYPE).send(await metrics.text()));
  return app;
}
