import type { OnsaleServer } from '@onsale/runtime';
import type { AdmissionContext } from '../context.ts';

/** Verifiers refresh within minutes; a key is published long before it signs. */
const CACHE = 'public, max-age=60';

/** Public keys of entry tokens (RFC 7517), for booking and for foreign guards. */
export function jwksRoute(server: OnsaleServer, context: AdmissionContext): void {
  server.get('/.well-known/jwks.json', { config: { importance: 'high' } }, async (_request, reply) => {
    void reply.header('cache-control', CACHE).header('access-control-allow-origin', '*');
    return context.keyRing.jwks(context.wallClock());
  });
}
