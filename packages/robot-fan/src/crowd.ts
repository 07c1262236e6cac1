import type { Random } from '@onsale/kernel';
import { castCharacter, type Casting } from './behaviour.ts';
import { liveAsFan } from './fan.ts';
import type { World } from './world.ts';

/** How many fans, over how long they arrive, and who they are. */
export type CrowdPlan = Casting & { readonly fans: number; readonly arrivalMs: number };
export type CrowdProgress = { readonly started: number; readonly waiting: number; readonly inside: number; readonly paid: number; readonly over: number };

/** Runs the crowd to its end, or until `world.signal` aborts. Half of them arrive in the first tenth of the time, as crowds do. */
export async function runCrowd(
  world: World,
  plan: CrowdPlan,
  random: Random,
  onProgress: (progress: CrowdProgress) => void,
  progressEveryMs: number,
): Promise<void> {
  let over = 0;
  const ticker = setInterval(() => onProgress(progressOf(world, over)), progressEveryMs);
  const lives: Promise<void>[] = [];
  for (let fan = 0; fan < plan.fans; fan += 1) {
    const character = castCharacter(random, plan);
    const record = world.observations.newFan(fan, character.kind);
    const arrivesAfterMs = plan.arrivalMs * (random() < 0.5 ? random() / 10 : random());
    lives.push(
      arrive(world, arrivesAfterMs)
        .then((arrived) => (arrived ? liveAsFan(world, character, record) : undefined))
        .catch((bug: unknown) => {
          record.outcome = 'robot-broke';
          world.observations.violation('robot', String(bug));
        })
        .finally(() => (over += 1)),
    );
  }
  await Promise.all(lives);
  clearInterval(ticker);
  onProgress(progressOf(world, over));
}

function arrive(world: World, afterMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const home = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      world.signal.removeEventListener('abort', home);
      resolve(true);
    }, afterMs);
    world.signal.addEventListener('abort', home);
  });
}

function progressOf(world: World, over: number): CrowdProgress {
  let [started, waiting, inside, paid] = [0, 0, 0, 0];
  for (const fan of world.observations.fans) {
    if (fan.joinedAtMs === null) continue;
    started += 1;
    if (fan.paidAtMs !== null) paid += 1;
    if (fan.calledAtMs === null && fan.outcome === 'not-started') waiting += 1;
    if (fan.enteredAtMs !== null && fan.outcome === 'not-started') inside += 1;
  }
  return { started, waiting, inside, paid, over };
}
