import type { LayoutIndex } from './layout-index.ts';

type Neighbours = Pick<LayoutIndex, 'left' | 'right'>;

/**
 * The single seats that a choice would leave alone: free, not chosen, with no free neighbour left, and with one before. Empty when the
 * choice leaves none, or only where it cannot be helped: a run of free seats from which exactly one remains, whichever are taken.
 */
export function orphansLeft(layout: Neighbours, isFree: (seat: number) => boolean, chosen: readonly number[]): number[] {
  const taken = new Set(chosen);
  const remains = (seat: number): boolean => seat >= 0 && isFree(seat) && !taken.has(seat);
  const orphans = new Set<number>();
  for (const seat of chosen) {
    for (const beside of [layout.left[seat] as number, layout.right[seat] as number]) {
      if (!remains(beside) || remains(layout.left[beside] as number) || remains(layout.right[beside] as number)) continue;
      if (!isUnavoidable(layout, isFree, taken, beside)) orphans.add(beside);
    }
  }
  return [...orphans].sort((one, other) => one - other);
}

/** Free seats of the run around `seat`, before the choice, less those chosen from it: one left over means it must stand alone. */
function isUnavoidable(layout: Neighbours, isFree: (seat: number) => boolean, taken: ReadonlySet<number>, seat: number): boolean {
  let left = 1;
  for (const next of [layout.left, layout.right]) {
    for (let at = next[seat] as number; at >= 0 && isFree(at); at = next[at] as number) if (!taken.has(at)) left += 1;
  }
  return left === 1;
}
