import type { IncomingMessage } from 'node:http';
import {
  addressOf, buildServer, ConfigRefused, createLogger, createMetrics, isFromProxy, NO_PROXIES, readConfig, trustOf, type TrustedProxies,
} from '@onsale/runtime';
import t from 'tap';

const from = (remoteAddress: string, forwardedFor?: string): IncomingMessage =>
  ({ socket: { remoteAddress }, headers: forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor } }) as unknown as IncomingMessage;
const oneHop: TrustedProxies = { hops: 1, networks: ['loopback', '10.1.0.0/16', '2001:db8:5::/48'] };

t.test('an address is believed by hops and networks together', async (t) => {
  const cases: readonly (readonly [string, TrustedProxies, IncomingMessage, string])[] = [
    ['nobody is trusted', NO_PROXIES, from('127.0.0.1', '1.1.1.1'), '127.0.0.1'],
    ['no hops', { ...oneHop, hops: 0 }, from('127.0.0.1', '1.1.1.1'), '127.0.0.1'],
    ['no networks', { hops: 1, networks: [] }, from('127.0.0.1', '1.1.1.1'), '127.0.0.1'],
    ['the proxy', oneHop, from('127.0.0.1', '1.1.1.1'), '1.1.1.1'],
    ['the proxy, IPv4 inside IPv6', oneHop, from('::ffff:10.1.2.3', '1.1.1.1'), '1.1.1.1'],
    ['the proxy, IPv6', oneHop, from('2001:db8:5:1::1', '2001:db8:9::1'), '2001:db8:9::1'],
    ['a stranger claims', oneHop, from('10.2.0.1', '1.1.1.1'), '10.2.0.1'],
    ['a client adds to the chain', oneHop, from('127.0.0.1', '6.6.6.6, 1.1.1.1'), '1.1.1.1'],
    ['a client inside our network adds to the chain', oneHop, from('127.0.0.1', '6.6.6.6, 10.1.0.9'), '10.1.0.9'],
    ['two proxies', { ...oneHop, hops: 2 }, from('127.0.0.1', '6.6.6.6, 1.1.1.1, 10.1.0.9'), '1.1.1.1'],
    ['the second is none of ours', { ...oneHop, hops: 2 }, from('127.0.0.1', '6.6.6.6, 1.1.1.1, 9.9.9.9'), '9.9.9.9'],
    ['what is no address is skipped', oneHop, from('127.0.0.1', 'unknown'), '127.0.0.1'],
    ['nothing was said', oneHop, from('127.0.0.1'), '127.0.0.1'],
  ];
  for (const [name, proxies, request, address] of cases) t.equal(addressOf(request, trustOf(proxies)), address, name);
  t.equal(isFromProxy(from('127.0.0.1'), trustOf(oneHop)), true);
  t.equal(isFromProxy(from('9.9.9.9'), trustOf(oneHop)), false);
  t.equal(isFromProxy(from('127.0.0.1'), trustOf(NO_PROXIES)), false);
});

t.test('a server names the source of a request by the same rule', async (t) => {
  const sourceBehind = async (trustedProxies: TrustedProxies, remoteAddress: string, forwardedFor: string): Promise<unknown> => {
    const options = { name: 'x', logger: createLogger({ name: 'x', level: 'silent' }), metrics: createMetrics('x'), publicOrigins: [] };
    const server = await buildServer({ ...options, trustedProxies });
    server.get('/who', async (request) => ({ source: request.source, ip: request.ip }));
    const reply = await server.inject({ url: '/who', remoteAddress, headers: { 'x-forwarded-for': forwardedFor } });
    await server.close();
    return reply.json();
  };
  t.same(await sourceBehind(oneHop, '10.1.0.1', '2001:db8:1:2:3::4'), { source: '2001:db8:1:2::/64', ip: '2001:db8:1:2:3::4' });
  t.same(await sourceBehind(oneHop, '10.9.0.1', '1.1.1.1'), { source: '10.9.0.1', ip: '10.9.0.1' });
  t.same(await sourceBehind(NO_PROXIES, '127.0.0.1', '1.1.1.1'), { source: '127.0.0.1', ip: '127.0.0.1' });
});

t.test('the configuration: hops and networks, loopback unless told otherwise', async (t) => {
  const urls = {
    ADMISSION_URL: 'http://a', BOOKING_URL: 'http://b',
    ...Object.fromEntries(['ADMISSION', 'BOOKING', 'OPS', 'WORKER'].map((app) => [`${app}_INTERNAL_URL`, 'http://i'])),
  };
  t.same(readConfig('web', urls).trustedProxies, { hops: 0, networks: ['loopback'] });
  const given = readConfig('web', { ...urls, TRUST_PROXY: '2', TRUSTED_PROXIES: '172.30.64.0/24, ::1' });
  t.same(given.trustedProxies, { hops: 2, networks: ['172.30.64.0/24', '::1'] });
  for (const wrong of ['10.0.0.0/0', '10.0.0.0/33', 'everybody', '10.0.0.1,,x'])
    t.throws(() => readConfig('web', { ...urls, TRUSTED_PROXIES: wrong }), ConfigRefused, wrong);
});
