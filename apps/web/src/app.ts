import { replyProblem, buildServer, type OnsaleServer, type ServerOptions } from '@onsale/runtime';
import { readManifest, serveAssets } from './gateway/assets.ts';
import { pageHeaders } from './gateway/headers.ts';
import { readOnSale, type OnSale } from './gateway/on-sale.ts';
import { cachePublicAnswers } from './gateway/public-cache.ts';
import { pageContext, sendNotFound } from './gateway/page-context.ts';
import { servePages, withoutLastSlash } from './gateway/pages.ts';
import { servePlainPages } from './gateway/plain-pages.ts';
import { proxyApis, socketRoutes, type Upstreams } from './gateway/proxy.ts';
import { readinessChecks, type NamedHealth } from './gateway/readiness.ts';
import { boundUnfinished, UNFINISHED_LIMITS, type UnfinishedLimits } from './gateway/unfinished.ts';
import { SOCKET_LIMITS, tunnelSockets, type Edge, type SocketLimits } from './gateway/sockets.ts';

export type GatewayOptions = {
  readonly upstreams: Upstreams;
  /** Internal listeners of the apps that must all be ready before the whole is. */
  readonly health: NamedHealth;
  /** Where the payment window's script and pages live. */
  readonly paymentOrigins: readonly string[];
  /** Where a link can open the payment window, for browsers without scripts; null: only the provider's script can. */
  readonly plainWindow: string | null;
  readonly items: readonly OnSale[];
  readonly edge: Edge;
  /** The built pages: manifest.json, assets/, favicon.svg. */
  readonly folder: string;
  readonly socketLimits?: SocketLimits;
  readonly unfinishedLimits?: UnfinishedLimits;
  readonly now: () => number;
};

/** The one origin that fans see: pages, their files, and the apps' APIs and sockets behind them. */
export async function buildApp(options: Omit<ServerOptions, 'name' | 'ready'>, gateway: GatewayOptions): Promise<OnsaleServer> {
  const { upstreams, edge, now } = gateway;
  const app = await buildServer({ ...options, name: 'web', headRoutes: true, ready: readinessChecks(gateway.health, now) });
  const context = pageContext(
    {
      items: gateway.items,
      onSale: readOnSale(upstreams, now),
      upstreams,
      edge,
      headers: pageHeaders(gateway.paymentOrigins, edge.secure),
      plainWindow: gateway.plainWindow,
      now,
    },
    readManifest(gateway.folder),
  );
  const plain = app as unknown as import('fastify').FastifyInstance;
  const unfinished = boundUnfinished(plain, gateway.unfinishedLimits ?? UNFINISHED_LIMITS);
  options.metrics.gauge('onsale_gateway_unfinished', 'Requests whose body has not come yet', () => unfinished.open());
  serveAssets(plain, gateway.folder);
  servePages(plain, context);
  await servePlainPages(plain, context);
  cachePublicAnswers(plain, upstreams, edge, now);
  await proxyApis(plain, upstreams, edge, options.logger);
  // Everything else that is asked for with GET is an address a person may have mistyped.
  plain.get('/*', (request, reply) => {
    if (request.url.startsWith('/api/')) return replyProblem(request, reply, 'not-found');
    const address = withoutLastSlash(request.url);
    return address === null ? sendNotFound(request, reply, context) : reply.redirect(address, 308);
  });
  const onError = (error: unknown): void => options.logger.error({ err: error }, 'a handshake failed on our side');
  const tunnel = tunnelSockets(app.server, socketRoutes(upstreams), gateway.socketLimits ?? SOCKET_LIMITS, edge, onError);
  options.metrics.gauge('onsale_gateway_sockets', 'WebSockets passing through', () => tunnel.open());
  app.addHook('preClose', async () => tunnel.close());
  return app;
}
