import { numberOf, type Place, type RoomId } from '@onsale/kernel';
import type { Report } from '@onsale/robot-fan';
import { type SystemOptions } from '@onsale/testing';
import { openRoomConnection, readGauges } from '@onsale/waiting-room';
import type { Test } from 'tap';
import { crowdDoes, joinedOf, openScene, paidOf, type Scene } from './scene.ts';

/**
 * A crowd whose Redis loses its newest part while it runs:
 *
 *   crowd arrives ─► `mark`: what Redis holds from here on will be lost ─► some more join ─► `lose` ─► others join ─► the crowd ends
 *
 * The apps stay alive all the while. With `fence` false they run without it (negative control).
 */
export type Loss = {
  /** Redis as the apps reach it, if it is not the system's own. */
  readonly system?: Pick<SystemOptions, 'redis' | 'env'>;
  readonly redisUrl?: () => string;
  /** Before the crowd. */
  readonly prepare: (scene: Scene) => Promise<void>;
  readonly mark: () => Promise<void>;
  readonly lose: () => Promise<void>;
};
export type Aftermath = {
  readonly scene: Scene;
  readonly report: Report;
  readonly incarnation: number;
  /** Fans who had joined in the part that was lost, and those who joined after the loss. */
  readonly inTheGap: number;
  readonly afterwards: number;
};

const LOST_JOINS_MIN = 12;
/** So long that some are still to come when the first have paid and Redis is back, also on a busy machine. */
const ARRIVAL_MS = 25_000;
const FENCE_OFF = ['--import', new URL('fence-off.ts', import.meta.url).href];

export async function crowdThatLosesTail(t: Test, seed: string, loss: Loss, { fence }: { readonly fence: boolean }): Promise<Aftermath> {
  const scene = await openScene(t, {
    seed,
    seconds: 110,
    ...(loss.redisUrl === undefined ? {} : { redisUrl: loss.redisUrl }),
    system: { processes: { sandbox: 1, admission: 1, booking: 1, worker: 2 }, ...loss.system, ...(fence ? {} : { nodeArgs: FENCE_OFF }) },
  });
  await loss.prepare(scene);
  const crowd = scene.rehearsal.run({ fans: 160, arrivalMs: ARRIVAL_MS, awayMsMax: 12_000 });
  await crowdDoes(scene, 'some pay', () => paidOf(scene) > 3);
  await loss.mark();
  const markedAtMs = performance.now();
  const before = joinedOf(scene);
  await crowdDoes(scene, 'more join', () => joinedOf(scene) >= before + LOST_JOINS_MIN);
  await loss.lose();
  const lostAtMs = performance.now();
  t.comment(`${joinedOf(scene) - before} fans joined in the ${Math.round(lostAtMs - markedAtMs)} ms that were lost`);
  if (!fence) {
    // What the fence prevents has happened as soon as others join; whoever was forgotten would wait for ever.
    const atLoss = joinedOf(scene);
    await crowdDoes(scene, 'others join', () => joinedOf(scene) >= atLoss + LOST_JOINS_MIN);
    scene.rehearsal.goHome();
  }
  const report = await crowd;
  const joined = scene.rehearsal.world.observations.fans.flatMap(({ joinedAtMs }) => joinedAtMs ?? []);
  return {
    scene,
    report,
    incarnation: await incarnationOf(loss.redisUrl?.() ?? scene.system.redis.url),
    inTheGap: joined.filter((atMs) => atMs > markedAtMs && atMs < lostAtMs).length,
    afterwards: joined.filter((atMs) => atMs > lostAtMs).length,
  };
}

async function incarnationOf(url: string): Promise<number> {
  const connection = openRoomConnection(url);
  await connection.ready();
  const gauges = await readGauges(connection, 'demo' as RoomId);
  await connection.close();
  if (gauges.word !== 'gauges') throw new Error(gauges.word);
  return gauges.incarnation;
}

/** Something was lost, a worker noticed, the numbers went on behind the gap that an incarnation leaves, and so did the line. */
export function expectRecovered(t: Test, { incarnation, inTheGap, afterwards, scene, report }: Aftermath): void {
  t.equal(incarnation, 2, 'a worker readopted the room, once');
  t.ok(inTheGap > 0, `${inTheGap} fans had places that Redis forgot`);
  t.ok(afterwards > 0, `${afterwards} fans joined afterwards`);
  t.equal(report.outcomes['time-over'] ?? 0, 0, 'the line went on: nobody waits for ever');
  const numbers = scene.rehearsal.world.observations.fans.flatMap(({ place }) => (place === null ? [] : numberOf(place as Place)));
  t.ok(
    numbers.some((number) => number > 2 ** 20) && numbers.some((number) => number < 2 ** 20),
    'newcomers stand behind every number that may have been promised',
  );
}
