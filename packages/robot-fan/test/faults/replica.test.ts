import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { freePort, type Redis } from '@onsale/services';
import { faultProxy, promote, seedOf, startReplica } from '@onsale/testing';
import t, { type Test } from 'tap';
import { crowdThatLosesTail, expectRecovered, type Loss } from './lost-tail.ts';
import { expectClean, violationsOf } from './scene.ts';

/*
 * A replica that lags is promoted in mid-crowd and the old primary is gone: what Sentinel does after a failure. The apps keep the one
 * address they know.
 *
 *   apps ── address ──► primary ── link, frozen from `mark` on ──► replica
 *           lose: the replica takes writes, the address leads to it, the primary is killed
 */
async function lagAndPromote(t: Test): Promise<Loss> {
  const [port, password] = [await freePort(), randomBytes(16).toString('hex')];
  const [address, link] = [await faultProxy(t, `127.0.0.1:${port}`), await faultProxy(t, `127.0.0.1:${port}`)];
  let primary: Redis;
  let replica: Redis;
  return {
    system: { redis: { port, password }, env: { REDIS_URL: `redis://:${password}@127.0.0.1:${address.port}` } },
    redisUrl: () => replica.url,
    prepare: async ({ system }) => {
      primary = system.redis;
      replica = await startReplica(t, join(system.folder, 'replica'), link.port, password);
    },
    mark: async () => link.freeze(),
    lose: async () => {
      await promote(replica.url);
      address.moveTo(replica.url);
      await primary.kill();
    },
  };
}

t.test('a lagging replica is promoted: readopted, receipts restore their own order, no number is issued twice', { timeout: 150_000 }, async (t) => {
  const aftermath = await crowdThatLosesTail(t, seedOf(t), await lagAndPromote(t), { fence: true });
  expectClean(t, aftermath.report);
  expectRecovered(t, aftermath);
  t.same((await aftermath.scene.rehearsal.showReceipts()).violations, [], 'every place whose receipt is shown is at its own order');
});

t.test('negative control: without the fence promised numbers are issued again', { timeout: 100_000 }, async (t) => {
  const { report, incarnation } = await crowdThatLosesTail(t, seedOf(t), await lagAndPromote(t), { fence: false });
  t.equal(incarnation, 1, 'nobody noticed');
  t.match(violationsOf(report, 'W3 arrivals')[0], /both have order/);
  t.comment(`${violationsOf(report, 'W3 arrivals').length} numbers were issued twice`);
});
