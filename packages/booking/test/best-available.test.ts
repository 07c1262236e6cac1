import t from 'tap';
import { pick, randomBelow, seededRandom, type Random } from '@onsale/kernel';
import { bestAvailable, indexLayout, SEAT_CODES, type BestAvailable, type Choice, type IndexedRow, type LayoutDoc } from '../src/index.ts';
import { SEED } from './own-show.ts';

/** Fuzz: rows asked nearest first choose what asking every seat of every row in the order of the layout does. */
t.comment(`ONSALE_SEED=${SEED}`);

type Window = { readonly first: number; readonly score: number };
type Place = readonly [x: number, y: number];

function naiveBest(choice: Choice): BestAvailable | undefined {
  const { layout, quantity } = choice;
  const adjacent = bestWindow(choice, layout.rows, layout.focus, quantity, new Set());
  if (adjacent !== undefined) return { seats: run(adjacent.first, quantity), adjacent: true };
  const scattered = scatter(choice);
  return scattered === undefined ? undefined : { seats: scattered.sort((one, other) => one - other), adjacent: false };
}

/** Largest groups first: the first near the focal point, the others near the first. */
function scatter(choice: Choice): number[] | undefined {
  const { layout, quantity } = choice;
  const seats: number[] = [];
  const chosen = new Set<number>();
  let near: Place = layout.focus;
  for (let size = quantity - 1; size >= 1 && seats.length < quantity; ) {
    const wanted = Math.min(size, quantity - seats.length);
    const window = bestWindow(choice, layout.rows, near, wanted, chosen);
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

function bestWindow(choice: Choice, rows: readonly IndexedRow[], near: Place, quantity: number, chosen: ReadonlySet<number>): Window | undefined {
  let best: Window | undefined;
  for (const row of rows) {
    if (row.count < quantity || (choice.grade !== undefined && row.grade !== choice.grade)) continue;
    const window = bestOfRow(choice, row, near, quantity, chosen, best?.score ?? Infinity);
    if (window !== undefined) best = window;
  }
  return best;
}

/** The row's best window with a score below `bound`. */
function bestOfRow(choice: Choice, row: IndexedRow, near: Place, quantity: number, chosen: ReadonlySet<number>, bound: number): Window | undefined {
  const { layout, codes } = choice;
  let best: Window | undefined;
  let free = 0;
  for (let seat = row.first; seat < row.first + row.count; seat += 1) {
    free = codes[seat] === SEAT_CODES.free ? free + 1 : 0;
    if (free < quantity) continue;
    const first = seat - quantity + 1;
    const x = ((layout.x[first] as number) + (layout.x[seat] as number)) / 2;
    const y = ((layout.y[first] as number) + (layout.y[seat] as number)) / 2;
    const limit = best?.score ?? bound;
    let score = Math.sqrt((x - near[0]) * (x - near[0]) + (y - near[1]) * (y - near[1]));
    if (score >= limit) continue;
    score += orphansBeside(choice, first, seat) * layout.span * (choice.orphanRule === true ? ORPHAN_SPANS : ORPHAN_SPANS_MILD);
    if (score >= limit || isSpokenFor(choice, chosen, first, seat)) continue;
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


/** Rows in every direction, some on one line with others of another grade, many at equal distances. */
function someHall(random: Random): LayoutDoc {
  let first = 0;
  const sections = Array.from({ length: 1 + randomBelow(random, 4) }, (_, s) => ({
    section: String(s), name: { ko: '', en: '' }, outline: [],
    rows: Array.from({ length: 1 + randomBelow(random, 8) }, (_, r) => {
      const count = 1 + randomBelow(random, 12);
      const [dx, dy] = pick(random, [[1, 0], [0, 1], [0.7, 0.7], [-1, 0], [0.5, -0.3]] as const);
      const row = { row: String(r), first, count, label0: 1, x: randomBelow(random, 40), y: randomBelow(random, 20), dx, dy, grade: pick(random, ['R', 'S']) };
      first += count;
      return row;
    }),
  }));
  const grade = (name: string) => ({ grade: name, name: { ko: name, en: name }, price: 1, fee: 0, color: '#112233' });
  const focus: [number, number] = [randomBelow(random, 40), randomBelow(random, 20)];
  return { width: 60, height: 40, stage: [], focus, seats: first, grades: [grade('R'), grade('S')], sections };
}

t.test('the same seats as by asking everywhere', (t) => {
  const random = seededRandom(SEED);
  let [adjacent, scattered, none] = [0, 0, 0];
  for (let round = 0; round < 4_000; round += 1) {
    const layout = indexLayout(someHall(random));
    const taken = random();
    const codes = Uint8Array.from({ length: layout.seats }, () => (random() < taken ? SEAT_CODES.sold : SEAT_CODES.free));
    const pending = new Set(Array.from({ length: layout.seats }, (_, seat) => seat).filter(() => random() < 0.1));
    const choice: Choice = {
      layout, codes, quantity: 1 + randomBelow(random, 6), orphanRule: random() < 0.5, isPending: (seat) => pending.has(seat),
      ...(random() < 0.5 ? { grade: randomBelow(random, 2) } : {}),
    };
    const [ours, naive] = [bestAvailable(choice), naiveBest(choice)];
    t.strictSame(ours, naive, `round ${round}`);
    if (!t.passing()) break;
    if (ours === undefined) none += 1;
    else if (ours.adjacent) adjacent += 1;
    else scattered += 1;
  }
  t.ok(Math.min(adjacent, scattered, none) > 50, JSON.stringify({ adjacent, scattered, none }));
  t.end();
});
