import type { LayoutDoc } from './layout.ts';
import { SEATS_PER_SHOW_MAX } from './seat.ts';

/** A layout made quick to ask: one entry a seat in typed arrays, rows and sections by number. */
export type LayoutIndex = {
  readonly seats: number;
  /** Hall units. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Index into `grades`. */
  readonly grade: Uint8Array;
  readonly row: Uint32Array;
  /** Neighbouring seat in the same physical row, −1 at an aisle or an end. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly rows: readonly IndexedRow[];
  readonly sections: readonly IndexedSection[];
  readonly grades: readonly { readonly grade: string; readonly price: number; readonly fee: number }[];
  readonly focus: readonly [number, number];
  /** Distances do not exceed it. */
  readonly span: number;
};
/** `first … first + count − 1` are neighbours of one grade. */
export type IndexedRow = {
  readonly row: string; readonly section: number; readonly first: number; readonly count: number; readonly label0: number; readonly grade: number;
};
export type IndexedSection = { readonly section: string; readonly firstRow: number; readonly rowCount: number; readonly x: number; readonly y: number };

/** What a fan calls a seat. */
export type SeatName = {
  readonly seat: number; readonly section: string; readonly row: string; readonly label: string; readonly grade: string; readonly price: number;
  readonly fee: number;
};

const GRADES_MAX = 255;
/** How far, in seat pitches, the next row entry may start from where this one would have gone on, to be its neighbour. */
const TOUCH_PITCHES = 0.5;

/** Throws on a layout that is not dense from 0, names an unknown grade or is too large: publication refuses such a show. */
export function indexLayout(doc: LayoutDoc): LayoutIndex {
  if (doc.seats < 1 || doc.seats > SEATS_PER_SHOW_MAX) throw new Error(`a show has 1 to ${SEATS_PER_SHOW_MAX} seats, not ${doc.seats}`);
  if (doc.grades.length < 1 || doc.grades.length > GRADES_MAX) throw new Error(`a show has 1 to ${GRADES_MAX} grades, not ${doc.grades.length}`);
  const gradeNumber = new Map(doc.grades.map(({ grade }, index) => [grade, index]));
  const index = {
    seats: doc.seats,
    x: new Float32Array(doc.seats),
    y: new Float32Array(doc.seats),
    grade: new Uint8Array(doc.seats),
    row: new Uint32Array(doc.seats),
    left: new Int32Array(doc.seats).fill(-1),
    right: new Int32Array(doc.seats).fill(-1),
    rows: [] as IndexedRow[],
    sections: [] as IndexedSection[],
    grades: doc.grades.map(({ grade, price, fee }) => ({ grade, price, fee })),
    focus: doc.focus,
    span: Math.hypot(doc.width, doc.height),
  };
  const seen = new Uint8Array(doc.seats);
  let numbered = 0;
  for (const section of doc.sections) {
    const firstRow = index.rows.length;
    for (const row of section.rows) {
      const grade = gradeNumber.get(row.grade);
      if (grade === undefined) throw new Error(`row ${row.row} of section ${section.section} has the unknown grade ${row.grade}`);
      const rowNumber = index.rows.push({ row: row.row, section: index.sections.length, first: row.first, count: row.count, label0: row.label0, grade }) - 1;
      for (let k = 0; k < row.count; k += 1) {
        const seat = row.first + k;
        if (seat >= doc.seats || seen[seat] === 1) throw new Error(`seat number ${seat} is out of range or given twice`);
        seen[seat] = 1;
        numbered += 1;
        index.x[seat] = row.x + k * row.dx;
        index.y[seat] = row.y + k * row.dy;
        index.grade[seat] = grade;
        index.row[seat] = rowNumber;
        if (k > 0) link(index, seat - 1, seat);
      }
    }
    linkTouchingRows(index, section.rows);
    index.sections.push({ section: section.section, firstRow, rowCount: section.rows.length, ...centreOf(index, section.rows) });
  }
  if (numbered !== doc.seats) throw new Error(`the layout numbers ${numbered} seats of ${doc.seats}`);
  return index;
}

/** Another grade in the middle of a physical row starts a new entry without an aisle: those seats are neighbours all the same. */
function linkTouchingRows(index: Pick<LayoutIndex, 'left' | 'right'>, rows: LayoutDoc['sections'][number]['rows']): void {
  for (const row of rows) {
    const [x, y] = [row.x + row.count * row.dx, row.y + row.count * row.dy];
    const pitch = Math.hypot(row.dx, row.dy);
    const next = rows.find((other) => other !== row && other.row === row.row && Math.hypot(other.x - x, other.y - y) <= TOUCH_PITCHES * pitch);
    if (next !== undefined) link(index, row.first + row.count - 1, next.first);
  }
}

function link(index: Pick<LayoutIndex, 'left' | 'right'>, left: number, right: number): void {
  index.right[left] = right;
  index.left[right] = left;
}

function centreOf(index: Pick<LayoutIndex, 'x' | 'y'>, rows: readonly { readonly first: number; readonly count: number }[]): { x: number; y: number } {
  let [x, y, seats] = [0, 0, 0];
  for (const row of rows) {
    for (let seat = row.first; seat < row.first + row.count; seat += 1) {
      x += index.x[seat] as number;
      y += index.y[seat] as number;
    }
    seats += row.count;
  }
  return seats === 0 ? { x: 0, y: 0 } : { x: x / seats, y: y / seats };
}

export function nameSeat(index: LayoutIndex, seat: number): SeatName {
  const row = index.rows[index.row[seat] as number] as IndexedRow;
  const { grade, price, fee } = index.grades[row.grade] as LayoutIndex['grades'][number];
  const section = (index.sections[row.section] as IndexedSection).section;
  return { seat, section, row: row.row, label: String(row.label0 + seat - row.first), grade, price, fee };
}

export const isSeatOf = (index: Pick<LayoutIndex, 'seats'>, seat: number): boolean => Number.isInteger(seat) && seat >= 0 && seat < index.seats;
