/** One mark of a frame: `ahead` present fans are before the place of this order. */
export type Mark = { readonly order: number; readonly ahead: number };

/**
 * Where an order stands, by the marks of a frame: present fans ahead, and whether that is exact. Between two marks it is
 * interpolated: say "about". Null when the frame has no marks or the order lies beyond the last one by an unknown number.
 */
export function aheadByMarks(marks: readonly Mark[], order: number): { readonly ahead: number; readonly exact: boolean } | null {
  if (marks.length === 0) return { ahead: 0, exact: true };
  let below: Mark | null = null;
  for (const mark of marks) {
    if (mark.order === order) return { ahead: mark.ahead, exact: true };
    if (mark.order > order) return between(below, mark, order);
    below = mark;
  }
  return null;
}

function between(below: Mark | null, above: Mark, order: number): { ahead: number; exact: boolean } {
  if (below === null) return { ahead: 0, exact: true };
  if (above.ahead - below.ahead <= 1) return { ahead: above.ahead, exact: true };
  const share = (order - below.order) / (above.order - below.order);
  return { ahead: Math.round(below.ahead + share * (above.ahead - below.ahead)), exact: false };
}
