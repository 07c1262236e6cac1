import { buildServer, type OnsaleServer } from '@onsale/runtime';
import type { AppOptions } from './app.ts';
import { redeemRoute, type RedeemContext } from './routes/redeem.ts';
import { translateError } from './translate-error.ts';

/**
 * The second listener, for our own processes only: never behind the gateway, and each request carries the internal secret besides.
 */
export async function buildInternal(context: RedeemContext, options: AppOptions): Promise<OnsaleServer> {
  const server = await buildServer({ ...options, name: 'admission-internal', publicOrigins: [], translateError });
  redeemRoute(server, context);
  return server;
}
