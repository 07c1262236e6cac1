import type { IndexedRow, IndexedSection, LayoutIndex } from './layout-index.ts';
import { SEAT_CODES } from './seat.ts';

/**
 * The best seats left: neighbours in one row, no single seat left beside them where that can be avoided, nearest to the focal point.
 * When no row has so many neighbours left, the largest groups near each other. Rows nearest
 * first: less than 1 ms in a hall of 45,000, whatever is left of it (`bench best-available`).
 */
export type BestAvailable = { readonly seats: readonly number[]; readonly adjacent: boolean };
export type Choice = {
  readonly layout: LayoutIndex;
  /** Code of each seat. */
  readonly codes: Uint8Array;
  /** Free seats that another request is about to take. */
  readonly isPending?: (seat: number) => boolean;
  readonly quantity: number;
  /** Index into the layout's grades; any when absent. */
  readonly grade?: number | undefined;
  readonly orphanRule?: boolean;
};

type Window = { readonly first: number; readonly score: number };
type Place = readonly [x: number, y: number];
/** A choice under way: the longest run of free seats of each row, by row number; −1 while nobody has looked. */
type Search = { readonly choice: Choice; readonly longest: Int32Array };

export function bestAvailable(choice: Choice): BestAvailable | undefined {
  const { layout, quantity } = choice;
  const search: Search = { choice, longest: new Int32Array(layout.rows.length).fill(-1) };
  const adjacent = bestWindow(search, rowsFrom(layout), layout.focus, quantity, new Set());
  if (adjacent !== undefined) return { seats: run(adjacent.first, quantity), adjacent: true };
  const scattered = scatter(search);
  return scattered === undefined ? undefined : { seats: scattered.sort((one, other) => one - other), adjacent: false };
}

/** Largest groups first: the first near the focal point, the others near the first. */
function scatter(search: Search): number[] | undefined {
  const { layout, quantity } = search.choice;
  const seats: number[] = [];
  const chosen = new Set<number>();
  let near: Place = layout.focus;
  for (let size = quantity - 1; size >= 1 && seats.length < quantity; ) {
    const wanted = Math.min(size, quantity - seats.length);
    const window = bestWindow(search, near === layout.focus ? rowsFrom(layout) : undefined, near, wanted, chosen);
    if (window === undefined) {
      size = wanted - 1;
      continue;
    }
    for (const seat of run(window.first, wanted)) {
      seats.push(seat);
      chosen.add(seat);
    }
    near = [layout.x[window.first] as number, layout.y[window.first] as number];
    size = wanted;
  }
  return seats.length === quantity ? seats : undefined;
}

/** How much worse than any distance a single seat left alone is, with and without the orphan rule. */
const ORPHAN_SPANS = 10;
const ORPHAN_SPANS_MILD = 0.05;

/** Rows by their distance from the focal point, and that distance: no window of a row is nearer. */
type RowsFrom = { readonly order: Uint32Array; readonly distance: Float64Array };
const fromFocus = new WeakMap<LayoutIndex, RowsFrom>();
function rowsFrom(layout: LayoutIndex): RowsFrom {
  let known = fromFocus.get(layout);
  if (known === undefined) {
    const distance = Float64Array.from(layout.rows, (row) => distanceOf(layout, row, layout.focus));
    known = { order: Uint32Array.from(layout.rows.keys()).sort((one, other) => (distance[one] as number) - (distance[other] as number)), distance };
    fromFocus.set(layout, known);
  }
  return known;
}

/** From a place to the line on which the row's seats stand; a little less, since seats are kept as single floats. */
function distanceOf({ x, y, span }: LayoutIndex, { first, count }: IndexedRow, [px, py]: Place): number {
  const [ax, ay, bx, by] = [x[first] as number, y[first] as number, x[first + count - 1] as number, y[first + count - 1] as number];
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const at = length === 0 ? 0 : Math.min(1, Math.max(0, ((px - ax) * dx + (py - ay) * dy) / length));
  return distance(ax + at * dx - px, ay + at * dy - py) - span * 1e-5;
}

/** Math.hypot guards against overflow and takes ten times as long. */
const distance = (dx: number, dy: number): number => Math.sqrt(dx * dx + dy * dy);

/**
 * Nearest rows first where their order is known, and never one that cannot beat what is found: with free seats near the stage a few rows are looked at,
 * with none each row once. Equal scores go to the row that comes first in the layout.
 */
function bestWindow({ choice, longest }: Search, known: RowsFrom | undefined, near: Place, quantity: number, chosen: ReadonlySet<number>): Window | undefined {
  const { layout, codes, grade } = choice;
  let best: Window | undefined;
  let bestRow = -1;
  for (let at = 0; at < layout.rows.length; at += 1) {
    const index = known === undefined ? at : (known.order[at] as number);
    const row = layout.rows[index] as IndexedRow;
    if (best !== undefined && known !== undefined && (known.distance[index] as number) > best.score) break;
    if (row.count < quantity || (grade !== undefined && row.grade !== grade)) continue;
    if (best !== undefined && known === undefined && distanceOf(layout, row, near) > best.score) continue;
    if (longest[index] === -1) longest[index] = longestRun(codes, row);
    if ((longest[index] as number) < quantity) continue;
    const window = bestOfRow(choice, row, near, quantity, chosen, { score: best?.score ?? Infinity, orEqual: best !== undefined && index < bestRow });
    if (window === undefined) continue;
    best = window;
    bestRow = index;
  }
  return best;
}

function longestRun(codes: Uint8Array, { first, count }: IndexedRow): number {
  let [longest, free] = [0, 0];
  for (let seat = first; seat < first + count; seat += 1) {
    free = codes[seat] === SEAT_CODES.free ? free + 1 : 0;
    if (free > longest) longest = free;
  }
  return longest;
}

/** What a row must beat, or reach. */
type Bound = { readonly score: number; readonly orEqual: boolean };

/** The row's best window within the bound. */
function bestOfRow(choice: Choice, row: IndexedRow, near: Place, quantity: number, chosen: ReadonlySet<number>, bound: Bound): Window | undefined {
  const { layout: { x, y, span }, codes } = choice;
  const orphan = span * (choice.orphanRule === true ? ORPHAN_SPANS : ORPHAN_SPANS_MILD);
  let best: Window | undefined;
  let free = 0;
  for (let seat = row.first; seat < row.first + row.count; seat += 1) {
    free = codes[seat] === SEAT_CODES.free ? free + 1 : 0;
    if (free < quantity) continue;
    const first = seat - quantity + 1;
    const isGood = (score: number): boolean => (best === undefined ? score < bound.score || (bound.orEqual && score === bound.score) : score < best.score);
    let score = distance(((x[first] as number) + (x[seat] as number)) / 2 - near[0], ((y[first] as number) + (y[seat] as number)) / 2 - near[1]);
    if (!isGood(score)) continue;
    score += orphansBeside(choice, first, seat) * orphan;
    if (!isGood(score) || isSpokenFor(choice, chosen, first, seat)) continue;
    best = { first, score };
  }
  return best;
}

function orphansBeside({ layout, codes }: Choice, first: number, last: number): number {
  const isFree = (seat: number): boolean => seat >= 0 && codes[seat] === SEAT_CODES.free;
  const left = layout.left[first] as number;
  const right = layout.right[last] as number;
  const leftAlone = isFree(left) && !isFree(layout.left[left] as number) ? 1 : 0;
  return leftAlone + (isFree(right) && !isFree(layout.right[right] as number) ? 1 : 0);
}

function isSpokenFor({ isPending }: Choice, chosen: ReadonlySet<number>, first: number, last: number): boolean {
  for (let seat = first; seat <= last; seat += 1) if (chosen.has(seat) || isPending?.(seat) === true) return true;
  return false;
}

const run = (first: number, count: number): number[] => Array.from({ length: count }, (_, k) => first + k);

export const ALTERNATIVES_MAX = 3;
/** A loser's answer must stay cheap when thousands lose at once: only the nearest sections are searched. */
const SECTIONS_SEARCHED = 4;

/**
 * Free neighbours nearest to seats that are taken: as many seats, the same grade, at most one set a row, best first. Searches the section
 * of the first wanted seat, then the sections nearest to it.
 */
export function nearestAlternatives(choice: Omit<Choice, 'quantity' | 'grade'>, wanted: readonly number[]): number[][] {
  const { layout } = choice;
  const anchor = wanted[0];
  if (anchor === undefined) return [];
  const here: Place = [layout.x[anchor] as number, layout.y[anchor] as number];
  const like: Choice = { ...choice, quantity: wanted.length, grade: layout.grade[anchor] as number };
  const home = (layout.rows[layout.row[anchor] as number] as IndexedRow).section;
  const found: Window[] = [];
  for (const section of sectionsNear(layout, home)) {
    for (let index = section.firstRow; index < section.firstRow + section.rowCount; index += 1) {
      const row = layout.rows[index] as IndexedRow;
      if (row.count < wanted.length || row.grade !== like.grade) continue;
      const window = bestOfRow(like, row, here, wanted.length, new Set(), { score: Infinity, orEqual: false });
      if (window !== undefined) found.push(window);
    }
    if (found.length >= ALTERNATIVES_MAX) break;
  }
  found.sort((one, other) => one.score - other.score || one.first - other.first);
  return found.slice(0, ALTERNATIVES_MAX).map(({ first }) => run(first, wanted.length));
}

const nearSections = new WeakMap<LayoutIndex, Map<number, IndexedSection[]>>();
function sectionsNear(layout: LayoutIndex, home: number): readonly IndexedSection[] {
  const known = nearSections.get(layout) ?? new Map<number, IndexedSection[]>();
  nearSections.set(layout, known);
  let near = known.get(home);
  if (near === undefined) {
    const { x, y } = layout.sections[home] as IndexedSection;
    const from = (section: IndexedSection): number => distance(section.x - x, section.y - y);
    near = [...layout.sections].sort((one, other) => from(one) - from(other)).slice(0, SECTIONS_SEARCHED);
    known.set(home, near);
  }
  return near;
}
