import type { HealthChecks } from './health.ts';
import { buildInside, type Inside } from './inside.ts';
import { serveOpenApi, type ApiDescription } from './openapi.ts';
import type { Pressure } from './shedding.ts';
import { buildShell, type Listener, type ShellOptions } from './shell.ts';

export type ServerOptions = ShellOptions & {
  /** Names and checks of what `GET /health/ready` needs. */
  readonly ready?: HealthChecks;
  /** OpenAPI 3.1 at `<prefix>/docs/json`. */
  readonly api?: ApiDescription;
};
/** What everybody may ask; beside it what our own processes may. */
export type OnsaleServer = Listener & { readonly pressure: Pressure; readonly inside: Inside };

/**
 * The two listeners of an app: a public one, on which the app registers its routes, and `inside` with health and metrics, which nobody outside
 * reaches. The public one serves nothing by itself but its description. Closing it closes both: first the public one, while the other still says
 * that this process lives and is not ready.
 */
export async function buildServer(options: ServerOptions): Promise<OnsaleServer> {
  const { metrics, ready, api } = options;
  const { app, pressure, connections } = buildShell(options);
  let closing = false;
  const inside = buildInside({ ...options, ready: { ...ready, open: () => !closing } });
  app.addHook('preClose', async () => { closing = true; });
  app.addHook('onClose', () => inside.close());
  metrics.gauge('onsale_http_in_flight', 'Requests being answered', () => pressure.inFlight);
  metrics.gauge('onsale_connections', 'Connections to the public listener', () => connections.open());
  if (api !== undefined) serveOpenApi(app, api);
  return Object.assign(app, { pressure, inside });
}
