import t from 'tap';
import { shownHost } from '../start/shown-host.ts';

t.test('localhost is said only where it means the address that is listened on', async (t) => {
  const resolving = (...addresses: string[]) => async () => addresses;
  t.equal(await shownHost('127.0.0.1', resolving('127.0.0.1')), 'localhost');
  t.equal(await shownHost('127.0.0.1', resolving('::1', '127.0.0.1')), 'localhost');
  t.equal(await shownHost('127.0.0.1', resolving('::1')), '127.0.0.1', 'localhost by IPv6 alone');
  t.equal(await shownHost('::1', resolving('127.0.0.1')), '[::1]', 'localhost by IPv4 alone');
  t.equal(await shownHost('::1', resolving('::1')), 'localhost');
  t.equal(await shownHost('127.0.0.1', () => Promise.reject(new Error('ENOTFOUND'))), '127.0.0.1', 'no localhost at all');
  t.equal(await shownHost('10.1.2.3', resolving('127.0.0.1')), '10.1.2.3');
});
