import type { Frame } from '@onsale/contract';

/** How many present fans stand ahead; `about` when it is read between two marks that lie apart. */
export type Ahead = { readonly count: number; readonly about: boolean };

/**
 * Reads the people ahead of `order` from a frame's marks: [order, present ahead of that order], ascending.
 * On a mark: exact. Between two marks: on the straight line between them, exact only where the marks leave no choice.
 * Past the last mark: at least what the last mark says, at most everybody present. Null without marks.
 */
export function aheadFromMarks(marks: Frame['marks'], present: number, order: number): Ahead | null {
  const first = marks[0];
  if (first === undefined) return null;
  if (order <= first[0])
    return {
      count: order === first[0] ? first[1] : Math.min(first[1], Math.max(0, first[1] - (first[0] - order))),
      about: order !== first[0] && first[1] > 0,
    };
  let low = 0;
  let high = marks.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((marks[middle] as [number, number])[0] <= order) low = middle;
    else high = middle - 1;
  }
  const [fromOrder, fromAhead] = marks[low] as [number, number];
  if (fromOrder === order) return { count: fromAhead, about: false };
  const next = marks[low + 1];
  if (next === undefined) {
    const most = Math.max(fromAhead + 1, Math.min(present - 1, fromAhead + (order - fromOrder)));
    return { count: most, about: most !== fromAhead + 1 };
  }
  const [toOrder, toAhead] = next;
  // The fan on the lower mark stands ahead too, so the least possible is one more than that mark says.
  const least = Math.min(fromAhead + 1, toAhead);
  const onLine = fromAhead + ((toAhead - fromAhead) * (order - fromOrder)) / (toOrder - fromOrder);
  const count = Math.min(toAhead, Math.max(least, Math.round(onLine)));
  return { count, about: toAhead - least > 0 };
}
