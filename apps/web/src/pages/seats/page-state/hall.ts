import type { Grade, LayoutReply, Row, Section } from '@onsale/contract';

/** The layout as flat arrays by seat number, made once: what painting, picking and naming look up for each of 15,000 seats. */
export type Hall = {
  readonly layout: LayoutReply;
  readonly seats: number;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly sectionOf: Uint16Array;
  readonly gradeOf: Uint8Array;
  readonly rowOf: Uint16Array;
  readonly rows: readonly HallRow[];
  readonly sections: readonly HallSection[];
  /** Least distance of neighbours in a row, in hall units: decides when seats are large enough to draw. */
  readonly pitch: number;
  /** Bounds of all sections and the stage. */
  readonly extent: Box;
};
export type HallRow = Row & { readonly section: number };
export type Box = { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number };
export type HallSection = {
  readonly section: Section;
  readonly box: Box;
  readonly centre: readonly [number, number];
  readonly first: number;
  readonly last: number;
  readonly seats: number;
  /** Side of a square of the same area, in hall units: how much room a label has, however the section is turned. */
  readonly side: number;
  /** Least distance of neighbours in its rows. */
  readonly pitch: number;
  /** Index of the grade that most of its seats have. */
  readonly grade: number;
};

export function hallOf(layout: LayoutReply): Hall {
  const { seats } = layout;
  const x = new Float32Array(seats);
  const y = new Float32Array(seats);
  const sectionOf = new Uint16Array(seats);
  const gradeOf = new Uint8Array(seats);
  const rowOf = new Uint16Array(seats);
  const rows: HallRow[] = [];
  let pitch = Infinity;
  const gradeIndex = new Map(layout.grades.map(({ grade }, index) => [grade, index]));
  const sections = layout.sections.map((section, sectionIndex): HallSection => {
    for (const row of section.rows) {
      pitch = Math.min(pitch, row.count > 1 ? Math.hypot(row.dx, row.dy) : Infinity);
      for (let k = 0; k < row.count; k += 1) {
        const seat = row.first + k;
        x[seat] = row.x + k * row.dx;
        y[seat] = row.y + k * row.dy;
        sectionOf[seat] = sectionIndex;
        gradeOf[seat] = gradeIndex.get(row.grade) ?? 0;
        rowOf[seat] = rows.length;
      }
      rows.push({ ...row, section: sectionIndex });
    }
    return describeSection(section, gradeIndex);
  });
  return {
    layout,
    seats,
    x,
    y,
    sectionOf,
    gradeOf,
    rowOf,
    rows,
    sections,
    pitch: Number.isFinite(pitch) ? pitch : 1,
    extent: boundsOf([layout.stage, ...layout.sections.map(({ outline }) => outline)].flat()),
  };
}

function boundsOf(points: readonly (readonly [number, number])[]): Box {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

function describeSection(section: Section, gradeIndex: ReadonlyMap<string, number>): HallSection {
  const box = boundsOf(section.outline);
  const perGrade = new Map<number, number>();
  let seats = 0;
  for (const row of section.rows) {
    const grade = gradeIndex.get(row.grade) ?? 0;
    perGrade.set(grade, (perGrade.get(grade) ?? 0) + row.count);
    seats += row.count;
  }
  const grade = [...perGrade].sort((one, other) => other[1] - one[1])[0]?.[0] ?? 0;
  const first = Math.min(...section.rows.map((row) => row.first));
  const last = Math.max(...section.rows.map((row) => row.first + row.count - 1));
  const pitch = Math.min(
    ...section.rows.map((row) => (row.count > 1 ? Math.hypot(row.dx, row.dy) : Infinity)),
    Math.hypot(box.right - box.left, box.bottom - box.top),
  );
  return {
    section,
    box,
    centre: [(box.left + box.right) / 2, (box.top + box.bottom) / 2],
    first,
    last,
    seats,
    grade,
    pitch,
    side: Math.sqrt(areaOf(section.outline)),
  };
}

/** Area of a polygon (shoelace formula). */
function areaOf(outline: Section['outline']): number {
  let twice = 0;
  outline.forEach(([x, y], index) => {
    const [nextX, nextY] = outline[(index + 1) % outline.length] as [number, number];
    twice += x * nextY - nextX * y;
  });
  return Math.abs(twice) / 2;
}

export type SeatName = { readonly section: string; readonly sectionCode: string; readonly row: string; readonly label: string; readonly grade: Grade };

/** A seat in the words of its ticket; null for a number that the hall does not have. */
export function seatName(hall: Hall, seat: number, language: 'ko' | 'en'): SeatName | null {
  const row = seat >= 0 && seat < hall.seats ? hall.rows[hall.rowOf[seat] as number] : undefined;
  if (row === undefined) return null;
  const { section } = hall.sections[row.section] as HallSection;
  const grade = hall.layout.grades[hall.gradeOf[seat] as number] as Grade;
  return { section: section.name[language], sectionCode: section.section, row: row.row, label: String(row.label0 + seat - row.first), grade };
}

/** The section whose outline holds the point, by the even-odd rule. */
export function sectionAt(hall: Hall, x: number, y: number): number | null {
  for (let index = 0; index < hall.sections.length; index += 1) {
    const { box, section } = hall.sections[index] as HallSection;
    if (x < box.left || x > box.right || y < box.top || y > box.bottom) continue;
    if (isInside(section.outline, x, y)) return index;
  }
  return null;
}

function isInside(outline: Section['outline'], x: number, y: number): boolean {
  let inside = false;
  for (let at = 0, before = outline.length - 1; at < outline.length; before = at, at += 1) {
    const [ax, ay] = outline[at] as [number, number];
    const [bx, by] = outline[before] as [number, number];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** The seat nearest to the point within `reach` hall units. */
export function seatAt(hall: Hall, x: number, y: number, reach: number): number | null {
  let best: number | null = null;
  let bestSquare = reach * reach;
  for (const { box, first, last } of hall.sections) {
    if (x < box.left - reach || x > box.right + reach || y < box.top - reach || y > box.bottom + reach) continue;
    for (let seat = first; seat <= last; seat += 1) {
      const dx = (hall.x[seat] as number) - x;
      const dy = (hall.y[seat] as number) - y;
      const square = dx * dx + dy * dy;
      if (square <= bestSquare) {
        bestSquare = square;
        best = seat;
      }
    }
  }
  return best;
}
