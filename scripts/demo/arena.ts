import type { Grade, Row, Section } from '@onsale/contract';

/**
 * The demonstration hall: an arena of 15,000 seats in 66 sections and 4 grades.
 *
 *              ┌───── stage ─────┐
 *        ╱   │ floor: 4 × 3 blocks │   ╲
 *      lower bowl: 24 sections on a horseshoe
 *    upper bowl: 30 sections on a wider horseshoe
 *
 * Hall units are half a metre; x grows to the right, y away from the stage. Seat numbers are dense from 0: floor first,
 * then lower bowl, then upper, row by row, so that neighbours in a row have neighbouring numbers.
 */
export type Hall = {
  readonly width: number;
  readonly height: number;
  readonly stage: [number, number][];
  readonly focus: [number, number];
  readonly grades: Grade[];
  readonly sections: Section[];
  readonly seats: number;
};

const CENTRE = { x: 160, y: 110 };
const FLOOR = { columns: 4, blockRows: 3, rows: 10, seats: 20, pitch: 1.5, rowPitch: 2.1, aisle: 5, top: 72 };
const LOWER = { name: '1', sections: 24, rows: 15, seats: 15, radius: 87, pitch: 1.05, rowPitch: 1.55 };
const UPPER = { name: '2', sections: 30, rows: 16, seats: 15, radius: 118, pitch: 1.12, rowPitch: 1.55 };
/** The bowl leaves a quarter open for the stage. */
const BOWL_SPAN_RADIANS = 1.5 * Math.PI;

type Ring = typeof LOWER;
type Point = [number, number];

export function demoArena(): Hall {
  const sections: Section[] = [];
  let next = 0;
  const seatNumbers = (count: number): number => {
    const first = next;
    next += count;
    return first;
  };
  for (let blockRow = 0; blockRow < FLOOR.blockRows; blockRow += 1) {
    for (let column = 0; column < FLOOR.columns; column += 1) sections.push(floorBlock(blockRow, column, seatNumbers));
  }
  for (const ring of [LOWER, UPPER]) {
    for (let index = 0; index < ring.sections; index += 1) sections.push(bowlSection(ring, index, seatNumbers));
  }
  return {
    width: 2 * CENTRE.x,
    height: 256,
    stage: [[115, 22], [205, 22], [205, 56], [172, 56], [172, 66], [148, 66], [148, 56], [115, 56]],
    focus: [160, 64],
    grades: [
      { grade: 'VIP', name: { ko: 'VIP석', en: 'VIP' }, price: 198_000, fee: 2_000, color: '#8b3fd9' },
      { grade: 'R', name: { ko: 'R석', en: 'R' }, price: 165_000, fee: 2_000, color: '#d9437a' },
      { grade: 'S', name: { ko: 'S석', en: 'S' }, price: 132_000, fee: 2_000, color: '#1f7ae0' },
      { grade: 'A', name: { ko: 'A석', en: 'A' }, price: 99_000, fee: 2_000, color: '#12967a' },
    ],
    sections,
    seats: next,
  };
}

function floorBlock(blockRow: number, column: number, seatNumbers: (count: number) => number): Section {
  const width = (FLOOR.seats - 1) * FLOOR.pitch;
  const depth = (FLOOR.rows - 1) * FLOOR.rowPitch;
  const hallWidth = FLOOR.columns * width + (FLOOR.columns - 1) * FLOOR.aisle;
  const x = CENTRE.x - hallWidth / 2 + column * (width + FLOOR.aisle);
  const y = FLOOR.top + blockRow * (depth + FLOOR.aisle);
  const letter = String.fromCharCode(65 + blockRow * FLOOR.columns + column);
  const rows: Row[] = Array.from({ length: FLOOR.rows }, (_, row) => ({
    row: String(row + 1),
    first: seatNumbers(FLOOR.seats),
    count: FLOOR.seats,
    label0: 1,
    x: round(x),
    y: round(y + row * FLOOR.rowPitch),
    dx: FLOOR.pitch,
    dy: 0,
    grade: blockRow === 2 ? 'R' : 'VIP',
  }));
  const edge = 1.4;
  const outline: Point[] = [[x - edge, y - edge], [x + width + edge, y - edge], [x + width + edge, y + depth + edge], [x - edge, y + depth + edge]];
  return { section: letter, name: { ko: `플로어 ${letter}`, en: `Floor ${letter}` }, outline: outline.map(rounded), rows };
}

/** Section `index` of a ring: straight rows, square to the line from the centre, the first seat on the right of the stage. */
function bowlSection(ring: Ring, index: number, seatNumbers: (count: number) => number): Section {
  const angle = -BOWL_SPAN_RADIANS / 2 + (BOWL_SPAN_RADIANS * (index + 0.5)) / ring.sections;
  const out = { x: Math.sin(angle), y: Math.cos(angle) };
  const along = { x: -out.y, y: out.x };
  const half = ((ring.seats - 1) * ring.pitch) / 2;
  const at = (across: number, radius: number): Point => [CENTRE.x + out.x * radius + along.x * across, CENTRE.y + out.y * radius + along.y * across];
  const rows: Row[] = Array.from({ length: ring.rows }, (_, row) => {
    const [x, y] = at(-half, ring.radius + row * ring.rowPitch);
    return {
      row: String(row + 1),
      first: seatNumbers(ring.seats),
      count: ring.seats,
      label0: 1,
      x: round(x),
      y: round(y),
      dx: round(along.x * ring.pitch),
      dy: round(along.y * ring.pitch),
      grade: ring === UPPER ? 'A' : row < 5 ? 'R' : 'S',
    };
  });
  const edge = 0.8;
  const inner = ring.radius - edge;
  const outer = ring.radius + (ring.rows - 1) * ring.rowPitch + edge;
  const outline = [at(-half - edge, inner), at(half + edge, inner), at(half + edge, outer), at(-half - edge, outer)];
  const number = `${ring.name}${String(index + 1).padStart(2, '0')}`;
  return { section: number, name: { ko: `${number} 구역`, en: `Section ${number}` }, outline: outline.map(rounded), rows };
}

/** Millimetres do not show on a screen; short numbers keep the layout small. */
const round = (value: number): number => Math.round(value * 1_000) / 1_000;
const rounded = ([x, y]: Point): Point => [round(x), round(y)];
