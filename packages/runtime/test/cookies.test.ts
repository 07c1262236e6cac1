import { createLogger, createMetrics, NO_PROXIES, buildServer, ownCookie } from '@onsale/runtime';
import t from 'tap';

t.test('a cookie is cleared by the attributes it was set with, with TLS and without', async (t) => {
  const logger = createLogger({ name: 'x', level: 'silent' });
  const options = { name: 'x', logger, publicOrigins: [], trustedProxies: NO_PROXIES };
  for (const secure of [true, false]) {
    const server = await buildServer({ ...options, metrics: createMetrics('x') });
    const cookie = ownCookie('thing', { secure });
    server.get(`/set-${secure}`, async (_request, reply) => { cookie.set(reply, 'abc', 90_500); return {}; });
    server.get(`/clear-${secure}`, async (_request, reply) => { cookie.clear(reply); return {}; });
    const [set, clear] = await Promise.all(['set', 'clear'].map(async (verb) => String((await server.inject(`/${verb}-${secure}`)).headers['set-cookie'])));
    t.match(set, /^(__Host-)?thing=abc; /);
    const attributesOf = (text = ''): string[] => text.split('; ').map((part) => part.replace(/^([^=]+)=(abc|)$/, '$1').replace(/^Max-Age=.*/, 'Max-Age'));
    t.same(attributesOf(set), attributesOf(clear));
    t.match(set, /Max-Age=91/);
    t.match(clear, /Max-Age=0/);
    // RFC 6265bis §4.1.3.2: without these a browser ignores a cookie of this name.
    if (secure) t.match(clear, /^__Host-thing=; Path=\/; .*; Secure$/);
    else t.notMatch(clear, /__Host-|Secure/);
    await server.close();
  }
});
