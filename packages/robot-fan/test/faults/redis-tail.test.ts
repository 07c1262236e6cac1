import { seedOf } from '@onsale/testing';
import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { crowdThatLosesTail, expectRecovered, type Loss } from './lost-tail.ts';
import { expectClean, violationsOf, type Scene } from './scene.ts';

/*
 * Redis is killed in mid-crowd and comes back without the last seconds of its append-only file: what a power loss leaves behind. (kill -9
 * alone loses nothing: what Redis had answered was with the kernel.)
 */
function cutTail(): Loss {
  let scene: Scene;
  let keptBytes = 0;
  const newest = (): string => {
    const folder = join(scene.system.redis.folder, 'data', 'appendonlydir');
    return join(folder, readdirSync(folder).find((name) => name.endsWith('.incr.aof')) ?? '');
  };
  return {
    prepare: async (opened) => { scene = opened; },
    mark: async () => { keptBytes = statSync(newest()).size; },
    // Wherever the cut falls: Redis starts with the last record that is whole.
    lose: async () => {
      const { redis } = scene.system;
      await redis.kill();
      truncateSync(newest(), keptBytes);
      await redis.restart();
    },
  };
}

t.test('Redis comes back without its tail: readopted, receipts restore their own order, no number is issued twice', { timeout: 150_000 }, async (t) => {
  const aftermath = await crowdThatLosesTail(t, seedOf(t), cutTail(), { fence: true });
  expectClean(t, aftermath.report);
  expectRecovered(t, aftermath);
  t.same((await aftermath.scene.rehearsal.showReceipts()).violations, [], 'every place whose receipt is shown is at its own order');
});

t.test('negative control: without the fence promised numbers are issued again', { timeout: 100_000 }, async (t) => {
  const { report, incarnation } = await crowdThatLosesTail(t, seedOf(t), cutTail(), { fence: false });
  t.equal(incarnation, 1, 'nobody noticed');
  t.match(violationsOf(report, 'W3 arrivals')[0], /both have order/);
  t.comment(`${violationsOf(report, 'W3 arrivals').length} numbers were issued twice`);
});
