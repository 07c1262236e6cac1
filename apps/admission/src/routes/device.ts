import { DAY_MS, SECOND_MS } from '@onsale/kernel';
import { makeHolderSecret, signDeviceCookie } from '@onsale/entry-token';
import type { OnsaleServer } from '@onsale/runtime';
import type { AdmissionContext } from '../context.ts';
import { deviceSecretIn } from '../holder.ts';

/** As long as browsers allow: it opens the orders and tickets of its holder, who may have bought a year ahead. Pages renew it when they are visited. */
const DEVICE_COOKIE_LIFE_MS = 400 * DAY_MS;

/** Gives a browser its identity, once: who has a sound cookie keeps it (its life starts anew). The answer says nothing about it. */
export function deviceRoute(server: OnsaleServer, context: AdmissionContext): void {
  const { cookieName, device } = context.holderKeys;
  const attributes = `; Path=/; Max-Age=${DEVICE_COOKIE_LIFE_MS / SECOND_MS}; HttpOnly; SameSite=Lax${context.secureCookies ? '; Secure' : ''}`;
  server.post('/device', async (request, reply) => {
    const secret = deviceSecretIn(context.holderKeys, request.headers.cookie) ?? makeHolderSecret();
    return reply.header('set-cookie', `${cookieName}=${signDeviceCookie(secret, device[0]!)}${attributes}`).code(204).send();
  });
}
