import { createFailureLimiter, sourceOf, UNKNOWN_SOURCE } from '@onsale/kernel';
import t from 'tap';

t.test('failures of a source are bounded, forgiven with time, and memory is bounded', async (t) => {
  const limiter = createFailureLimiter({ burst: 2, perMinute: 60, sourcesMax: 3 });
  t.equal(limiter.waitOf('a', 0), 0);
  t.equal(limiter.size, 0, 'who never failed costs no memory');
  limiter.fail('a', 0);
  t.equal(limiter.waitOf('a', 0), 0);
  limiter.fail('a', 0);
  t.equal(limiter.waitOf('a', 0), 1_000);
  t.equal(limiter.waitOf('a', 400), 600);
  t.equal(limiter.waitOf('a', 1_000), 0);
  limiter.fail('a', 500);
  t.ok(limiter.waitOf('a', 400) > 0, 'a clock that steps back gives nothing away');
  t.equal(limiter.waitOf('a', 600_000), 0);
  t.equal(limiter.size, 0, 'a source that has recovered is forgotten');
  for (let source = 0; source < 100; source += 1) limiter.fail(`s${source}`, 0);
  t.equal(limiter.size, 3);
});

t.test('sources: whole IPv4 addresses, IPv6 by /64, however it is written', async (t) => {
  t.equal(sourceOf('203.0.113.9'), '203.0.113.9');
  const mapped = ['::ffff:203.0.113.9', '::FFFF:203.0.113.9', '0:0:0:0:0:ffff:203.0.113.9', '::ffff:cb00:7109'];
  for (const same of mapped) t.equal(sourceOf(same), '203.0.113.9', same);
  t.equal(sourceOf('2001:db8:1:22ff::1'), '2001:db8:1:22ff::/64');
  t.equal(sourceOf('2001:db8:1:2200:ffff::9'), sourceOf('2001:0DB8:0001:2200:1:2:3:4'));
  t.equal(sourceOf('2001:db8::1'), sourceOf('2001:db8:0:0::ffff'));
  t.not(sourceOf('2001:db8:1:2201::1'), sourceOf('2001:db8:1:2200::1'));
  t.equal(sourceOf('::1'), '0:0:0:0::/64');
  t.equal(sourceOf('fe80::1%eth0'), 'fe80:0:0:0::/64');
  const none = [
    '', 'unknown', '_hidden', '1.2.3', '1.2.3.4.5', '1.2.3.256', '1.2.3.4:80', '::1::', ':::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::', 'g::1', '12345::1', '1.2.3.4::1', '::1.2.3', 'x'.repeat(10_000), ':'.repeat(10_000),
  ];
  for (const text of none) t.equal(sourceOf(text), UNKNOWN_SOURCE, text.slice(0, 30));
});
