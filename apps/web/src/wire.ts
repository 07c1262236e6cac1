import { connectionLimits, createMetrics, descriptorLimit, socketsWithin, trustOf, type Logger, type OnsaleServer, type WebConfig } from '@onsale/runtime';
import { buildApp } from './app.ts';
import { buildPages, FANS_FOLDER } from './build.ts';
import type { OnSale } from './gateway/on-sale.ts';
import { SOCKET_LIMITS } from './gateway/sockets.ts';

/** What the demonstration sells. A catalogue will hand this list in one day. */
const ON_SALE: readonly OnSale[] = [{ event: 'demo', room: 'demo', show: 'demo' }];
/** Where Toss serves its script, its window and its calls from. */
const TOSS_ORIGINS = ['https://js.tosspayments.com', 'https://*.tosspayments.com'];

/** The gateway over the apps that the configuration names; builds the pages first if their sources have changed. */
export async function wire(config: WebConfig, logger: Logger): Promise<OnsaleServer> {
  if (await buildPages()) logger.info('pages built');
  const descriptors = descriptorLimit();
  // A socket that passes through is one connection to the fan and one to the app.
  const socketsMax = socketsWithin(descriptors, 2, SOCKET_LIMITS.socketsMax);
  const tell = socketsMax < SOCKET_LIMITS.socketsMax ? 'warn' : 'info';
  logger[tell]({ descriptors, socketsMax }, 'sockets that may pass through at once, by the limit of open files');
  return buildApp(
    {
      logger, metrics: createMetrics('web'), publicOrigins: config.publicOrigins, trustedProxies: config.trustedProxies,
      connections: connectionLimits(descriptors, 2),
    },
    {
      upstreams: { admission: config.admissionUrl, booking: [config.bookingUrl] },
      health: config.waitsFor,
      paymentOrigins: config.sandboxUrl === null ? TOSS_ORIGINS : loopbackTwins(config.sandboxUrl),
      plainWindow: config.sandboxUrl === null ? null : `${config.sandboxUrl}/window`,
      items: ON_SALE,
      edge: { trust: trustOf(config.trustedProxies), secure: config.secureCookies },
      folder: FANS_FOLDER,
      socketLimits: { ...SOCKET_LIMITS, socketsMax },
      now: () => performance.now(),
    },
  );
}

/** A developer may open the shop as localhost while the sandbox says 127.0.0.1, or the other way round. A content policy cannot name an IPv6 address. */
function loopbackTwins(url: string): string[] {
  const { origin, hostname, protocol, port } = new URL(url);
  const twins = ['localhost', '127.0.0.1'];
  const isLoopback = hostname === '[::1]' || twins.includes(hostname);
  return isLoopback ? twins.map((host) => `${protocol}//${host}${port === '' ? '' : `:${port}`}`) : [origin];
}
