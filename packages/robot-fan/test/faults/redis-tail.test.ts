import { seedOf, tailCutter, type TailCutter } from '@onsale/testing';
import t from 'tap';
import { crowdThatLosesTail, expectRecovered, type Loss } from './lost-tail.ts';
import { expectClean, violationsOf } from './scene.ts';

/*
 * Redis is killed in mid-crowd and comes back without the last seconds of its append-only file: what a power loss leaves behind. (kill -9
 * alone loses nothing: what Redis had answered was with the kernel.)
 */
function cutTail(): Loss {
  let tail: TailCutter;
  return {
    prepare: async (scene) => { tail = tailCutter(scene.system.redis); },
    mark: async () => tail.keep(),
    lose: () => tail.lose(),
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
