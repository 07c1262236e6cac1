import { execFileSync } from 'node:child_process';
import { seededRandom, type Random } from '@onsale/kernel';
import type { TestContext } from './test-context.ts';

/**
 * The seed of a fuzz or race test: `ONSALE_SEED`, else the commit, so that a red run of CI replays from the commit alone while every
 * commit tries something new. Printed, because a failure that can't be replayed is a rumour.
 */
export function seedOf(t: TestContext): string {
  const given = process.env['ONSALE_SEED'];
  const seed = given === undefined || given === '' ? (commit ??= commitOf()) : given;
  t.comment(`seed ${seed}; again: ONSALE_SEED=${seed}`);
  return seed;
}

/** Random numbers of the printed seed; `part` keeps two generators of one test apart. */
export const randomOf = (t: TestContext, part = ''): Random => seededRandom(`${seedOf(t)}/${part}`);

let commit: string | undefined;

function commitOf(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'no-commit';
  }
}
