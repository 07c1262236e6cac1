import { DAY_MS } from '@onsale/kernel';
import { makeHolderSecret, signDeviceCookie } from '@onsale/entry-token';
import type { OnsaleServer } from '@onsale/runtime';
import type { AdmissionContext } from '../context.ts';
import { deviceSecretIn } from '../holder.ts';

/** As long as browsers allow: it opens the orders and tickets of its holder, who may have bought a year ahead. Pages renew it when they are visited. */
const DEVICE_COOKIE_LIFE_MS = 400 * DAY_MS;

/** Gives a browser its identity, once: who has a sound cookie keeps it (its life starts anew). The answer says nothing about it. */
export function deviceRoute(server: OnsaleServer, context: AdmissionContext): void {
  server.post('/device', async (request, reply) => {
    const secret = deviceSecretIn(context.holderKeys, request.headers.cookie) ?? makeHolderSecret();
    context.deviceCookie.set(reply, signDeviceCookie(secret, context.holderKeys.device[0]!), DEVICE_COOKIE_LIFE_MS);
    return reply.code(204).send();
  });
}
