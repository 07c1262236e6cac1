import { printReport, type Report } from '@onsale/robot-fan';
import { makeOnSale, openWholeSystem, smallHall, until, type SystemOptions, type WholeSystem } from '@onsale/testing';
import type { Test } from 'tap';
import { openRehearsal, type Rehearsal, type RehearsalOptions } from '../rehearsal.ts';
import { openStores } from '../stores.ts';

/** A crowd on a whole system of processes, private to one test, that something is about to happen to. */
export type Scene = { readonly system: WholeSystem; readonly rehearsal: Rehearsal };
export type SceneOptions = RehearsalOptions & {
  readonly seed: string;
  /** When robots that still wait go home. */
  readonly seconds: number;
  readonly system: SystemOptions;
};

const ROOM = { layout: smallHall(30, 30), ratePerMinute: 1_200, capacity: 40, callMs: 10_000 };
const ENDS_WITHIN_MS = 60_000;

export async function openScene(t: Test, { seed, seconds, system: options, ...where }: SceneOptions): Promise<Scene> {
  const system = await openWholeSystem(options);
  t.teardown(() => system.close());
  await makeOnSale(system, ROOM);
  const rehearsal = await openRehearsal(system, seed, seconds, where);
  t.teardown(() => rehearsal.close());
  return { system, rehearsal };
}

/** How many robots, by now, have got so far. */
export const joinedOf = ({ rehearsal }: Scene): number => rehearsal.world.observations.fans.filter(({ order }) => order !== null).length;
export const paidOf = ({ rehearsal }: Scene): number => rehearsal.world.observations.fans.filter(({ paidAtMs }) => paidAtMs !== null).length;

/** Waits for something the crowd does; no longer than the crowd lasts. */
export async function crowdDoes(scene: Scene, what: string, happened: () => boolean): Promise<void> {
  const { signal } = scene.rehearsal.world;
  await until(what, () => happened() || signal.aborted, 300_000);
  if (signal.aborted) throw new Error(`the crowd went home before: ${what}`);
}

/** Every judgement clean, and none without anything to judge. */
export function expectClean(t: Test, report: Report): void {
  t.comment(printReport(report));
  for (const { invariant, violations, checked } of report.judgements) {
    t.same(violations, [], invariant);
    t.ok(checked > 0, `${invariant} had something to judge`);
  }
}

export const violationsOf = (report: Report, invariant: string): readonly string[] =>
  report.judgements.find((judgement) => judgement.invariant === invariant)?.violations ?? [];

/**
 * Robots that gave up leave holds and open orders: the time of those passes. Gives what is still under way then: nothing, since no state
 * is without a way out (B3, B5).
 */
export async function everythingEnds({ system }: Scene): Promise<Record<string, number>> {
  const stores = openStores(system.mariadb.url);
  let left: Record<string, number> = {};
  const isOver = async (): Promise<boolean> => {
    await stores.passTime();
    left = await stores.unfinished();
    return Object.keys(left).length === 0;
  };
  await until('everything ends', isOver, ENDS_WITHIN_MS).catch(() => undefined);
  await stores.close();
  return left;
}
