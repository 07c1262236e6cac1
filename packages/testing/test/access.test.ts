import { startRedis } from '@onsale/services';
import { REDIS_ACCESS } from '@onsale/waiting-room';
import { Redis } from 'ioredis';
import t from 'tap';

// The rules are tried on a Redis of the test's own; that each app can do its work with them is what every test of a whole system shows.
t.test('each app’s user reaches the keys it needs and no other command', async (t) => {
  const redis = await startRedis({ dir: t.testdir(), users: { ...REDIS_ACCESS, unbounded: '~* +@all' } });
  t.teardown(() => redis.stop());
  const as = (user: string): Redis => {
    const client = new Redis(redis.userUrl(user), { retryStrategy: () => null });
    client.on('error', () => undefined);
    t.teardown(() => client.disconnect());
    return client;
  };
  const [admission, ops, worker] = [as('admission'), as('ops'), as('worker')];
  for (const client of [admission, ops, worker]) {
    t.equal(await client.eval("return redis.call('HSET', KEYS[1], 'a', 1)", 1, '{room:demo}:room') !== null, true);
    t.match(await client.info('server'), /run_id/);
    for (const text of ['FLUSHALL', 'CONFIG GET *', 'ACL LIST', 'KEYS *', 'SHUTDOWN', 'SET other 1', 'MONITOR']) {
      const [command = '', ...args] = text.split(' ');
      await t.rejects(client.call(command, ...args), /NOPERM/, text);
    }
    await t.rejects(client.eval("return redis.call('SET', KEYS[1], 1)", 1, 'other'), /NOPERM|permission/, 'nor by a script');
  }
  await worker.hset('{room:}:list', 'demo', 'living');
  await worker.lpush('onsale-jobs:outbox:wait', '1');
  for (const client of [admission, ops]) {
    t.equal(await client.hget('{room:}:list', 'demo'), 'living');
    await t.rejects(client.hset('{room:}:list', 'demo', 'closed'), /NOPERM/, 'the list of rooms is the worker’s');
    await t.rejects(client.lpop('onsale-jobs:outbox:wait'), /NOPERM/, 'so are its wake-ups');
  }
  await t.rejects(as('booking').ping(), 'booking has no user');
  await as('unbounded').set('other', '1');
  t.pass('negative control: without the rules the same command is let through');
});
