import { once } from 'node:events';
import { createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { createLogger, createMetrics, NO_PROXIES, trustOf, type OnsaleServer } from '@onsale/runtime';
import { buildApp, type GatewayOptions } from '../../src/app.ts';
import { buildPages, FANS_FOLDER } from '../../src/build.ts';

/** A gateway over the given apps, listening on a free port; `origins` are filled in with its own address. */
export async function startGateway(
  given: { readonly admission: string; readonly booking: string; readonly sandbox?: string } & Partial<GatewayOptions>,
): Promise<{ readonly app: OnsaleServer; readonly url: string; readonly log: PassThrough }> {
  await buildPages();
  const log = new PassThrough();
  log.resume();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const app = await buildApp(
    {
      logger: createLogger({ name: 'web', level: 'warn', destination: log }),
      metrics: createMetrics('web'),
      publicOrigins: [url],
      // The tests' own work stops this event loop for a while; none of them is about shedding.
      shed: { inFlightMax: 8_000, loopDelayMaxMs: 60_000 },
    },
    {
      upstreams: { admission: given.admission, booking: [given.booking] },
      health: { admission: given.admission, booking: given.booking },
      paymentOrigins: given.sandbox === undefined ? [] : [given.sandbox],
      plainWindow: given.sandbox === undefined ? null : `${given.sandbox}/window`,
      items: [{ event: 'demo', room: 'demo', show: 'demo' }],
      edge: { trust: trustOf(NO_PROXIES), secure: false },
      folder: FANS_FOLDER,
      now: () => performance.now(),
      ...given,
    },
  );
  await app.listen({ host: '127.0.0.1', port });
  return { app, url, log };
}

/** The allowed origin is fixed when the server is built, so its port has to be known before. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
