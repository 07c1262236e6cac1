import type { Hall, HallSection } from '../page-state/hall.ts';
import { FREE, HELD, SOLD, type Counts } from '../page-state/seat-codes.ts';
import { isVisible, toScreen, type Viewport } from '../page-state/viewport.ts';
import { mix, readableOn, type Palette } from './palette.ts';

export type Scene = {
  readonly hall: Hall;
  readonly codes: Uint8Array;
  readonly counts: Counts;
  readonly chosen: ReadonlySet<number>;
  /** Only this grade stands out; null: all. */
  readonly grade: number | null;
  readonly hovered: number | null;
  readonly view: Viewport;
  readonly palette: Palette;
  readonly stageWord: string;
  readonly fullWord: string;
  readonly language: 'ko' | 'en';
};

/** Pixels between neighbours from which on single seats are drawn, numbered, and taken by a press. */
export const SEATS_FROM_PX = 5;
const radiusOf = (section: HallSection, view: Viewport): number => Math.min(section.pitch * view.scale * 0.42, 22);
const NUMBERS_FROM_PX = 16;
const ROWS_FROM_PX = 12;

/**
 * Draws the hall. From afar: sections, filled by how much is free, with name and count. From near: seats, whose shape says what
 * their colour says: free a full disc, in somebody's hands a ring, sold a small dash, chosen a square with a tick.
 */
export function paint(context: CanvasRenderingContext2D, scene: Scene): void {
  const { view, palette, hall } = scene;
  context.fillStyle = palette.ground;
  context.fillRect(0, 0, view.width, view.height);
  paintStage(context, scene);
  const pitchPx = hall.pitch * view.scale;
  hall.sections.forEach((section, index) => {
    if (!isVisible(view, section.box)) return;
    outlinePath(context, view, section);
    if (pitchPx < SEATS_FROM_PX) paintSection(context, scene, section, index);
    else {
      context.fillStyle = palette.surface;
      context.fill();
      context.strokeStyle = palette.line;
      context.lineWidth = 1;
      context.stroke();
    }
  });
  if (pitchPx < SEATS_FROM_PX) paintSectionNames(context, scene);
  else paintSeats(context, scene, pitchPx);
}

function paintStage(context: CanvasRenderingContext2D, { hall, view, palette, stageWord }: Scene): void {
  const { stage } = hall.layout;
  if (stage.length === 0) return;
  context.beginPath();
  stage.forEach(([x, y], index) => {
    const [px, py] = toScreen(view, x, y);
    if (index === 0) context.moveTo(px, py);
    else context.lineTo(px, py);
  });
  context.closePath();
  context.fillStyle = palette.strong;
  context.globalAlpha = 0.35;
  context.fill();
  context.globalAlpha = 1;
  const xs = stage.map(([x]) => x);
  const ys = stage.map(([, y]) => y);
  const [px, py] = toScreen(view, (Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2);
  context.fillStyle = palette.ink;
  context.font = `700 ${Math.max(10, Math.min(20, 8 * view.scale))}px ${palette.font}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(stageWord, px, py);
}

function outlinePath(context: CanvasRenderingContext2D, view: Viewport, { section }: HallSection): void {
  context.beginPath();
  section.outline.forEach(([x, y], index) => {
    const [px, py] = toScreen(view, x, y);
    if (index === 0) context.moveTo(px, py);
    else context.lineTo(px, py);
  });
  context.closePath();
}

const gradeMatters = (scene: Scene, grade: number): boolean => scene.grade === null || scene.grade === grade;

function paintSection(context: CanvasRenderingContext2D, scene: Scene, section: HallSection, index: number): void {
  const { palette, counts, hall } = scene;
  const free = counts.bySection[index] as number;
  const colour = (hall.layout.grades[section.grade] as { color: string }).color;
  const has = scene.grade === null || section.section.rows.some((row) => row.grade === hall.layout.grades[scene.grade as number]?.grade);
  const share = free === 0 || !has ? 0.04 : 0.22 + 0.5 * (free / section.seats);
  context.fillStyle = mix(colour, palette.surface, share);
  context.fill();
  context.strokeStyle = free === 0 ? palette.line : mix(colour, palette.surface, 0.8);
  context.lineWidth = 1;
  context.stroke();
}

/** Names are drawn where they fit; the count first, because it is what the fan looks for. */
function paintSectionNames(context: CanvasRenderingContext2D, scene: Scene): void {
  const { hall, view, palette, counts, fullWord } = scene;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  hall.sections.forEach((section, index) => {
    const room = section.side * view.scale;
    if (room < 20 || !isVisible(view, section.box)) return;
    const [px, py] = toScreen(view, ...section.centre);
    const free = counts.bySection[index] as number;
    const size = Math.min(14, Math.max(9, room / 3.4));
    const two = room >= 34;
    context.fillStyle = palette.ink;
    context.font = `700 ${size}px ${palette.font}`;
    context.fillText(two ? section.section.section : free === 0 ? '–' : String(free), px, two ? py - size * 0.58 : py);
    if (!two) return;
    context.fillStyle = free === 0 ? palette.muted : palette.ink;
    context.font = `400 ${size * 0.92}px ${palette.font}`;
    context.fillText(free === 0 ? fullWord : String(free), px, py + size * 0.62);
  });
}

type Groups = { readonly free: Map<number, Path2D>; readonly faded: Path2D; readonly held: Path2D; readonly sold: Path2D };

function paintSeats(context: CanvasRenderingContext2D, scene: Scene, pitchPx: number): void {
  const { hall, view, palette } = scene;
  const groups: Groups = { free: new Map(), faded: new Path2D(), held: new Path2D(), sold: new Path2D() };
  const chosen: number[] = [];
  for (const section of hall.sections) {
    if (!isVisible(view, section.box)) continue;
    const radius = radiusOf(section, view);
    for (let seat = section.first; seat <= section.last; seat += 1) {
      if (scene.chosen.has(seat)) chosen.push(seat);
      else addSeat(groups, scene, seat, radius);
    }
  }
  for (const [grade, path] of groups.free) {
    context.fillStyle = (hall.layout.grades[grade] as { color: string }).color;
    context.fill(path);
  }
  context.lineWidth = Math.max(1, pitchPx * 0.07);
  context.strokeStyle = palette.line;
  context.stroke(groups.faded);
  context.strokeStyle = palette.strong;
  context.stroke(groups.held);
  context.lineWidth = Math.max(1, pitchPx * 0.1);
  context.stroke(groups.sold);
  paintNumbers(context, scene);
  const radiusAt = (seat: number): number => radiusOf(hall.sections[hall.sectionOf[seat] as number] as HallSection, view);
  for (const seat of chosen) paintChosen(context, scene, seat, Math.max(radiusAt(seat), 5));
  if (pitchPx >= ROWS_FROM_PX) paintRowNames(context, scene, pitchPx);
  if (scene.hovered !== null) paintHover(context, scene, scene.hovered, radiusAt(scene.hovered));
}

function addSeat(groups: Groups, scene: Scene, seat: number, radius: number): void {
  const { hall, view, codes } = scene;
  const px = ((hall.x[seat] as number) - view.x) * view.scale + view.width / 2;
  const py = ((hall.y[seat] as number) - view.y) * view.scale + view.height / 2;
  if (px < -radius || py < -radius || px > view.width + radius || py > view.height + radius) return;
  const code = codes[seat];
  const grade = hall.gradeOf[seat] as number;
  if (code === FREE && gradeMatters(scene, grade)) {
    let path = groups.free.get(grade);
    if (path === undefined) groups.free.set(grade, (path = new Path2D()));
    path.moveTo(px + radius, py);
    path.arc(px, py, radius, 0, 2 * Math.PI);
  } else if (code === FREE || code === HELD) {
    const path = code === FREE ? groups.faded : groups.held;
    const inner = radius * 0.78;
    path.moveTo(px + inner, py);
    path.arc(px, py, inner, 0, 2 * Math.PI);
  } else if (code === SOLD) {
    groups.sold.moveTo(px - radius * 0.4, py);
    groups.sold.lineTo(px + radius * 0.4, py);
  }
}

function paintChosen(context: CanvasRenderingContext2D, { hall, view, palette }: Scene, seat: number, radius: number): void {
  const [px, py] = toScreen(view, hall.x[seat] as number, hall.y[seat] as number);
  context.fillStyle = palette.ink;
  context.strokeStyle = palette.surface;
  context.lineWidth = 2;
  context.beginPath();
  context.roundRect(px - radius, py - radius, 2 * radius, 2 * radius, radius * 0.3);
  context.fill();
  context.stroke();
  context.strokeStyle = palette.surface;
  context.lineWidth = Math.max(1.5, radius * 0.24);
  context.lineCap = 'round';
  context.beginPath();
  context.moveTo(px - radius * 0.45, py + radius * 0.05);
  context.lineTo(px - radius * 0.1, py + radius * 0.4);
  context.lineTo(px + radius * 0.5, py - radius * 0.4);
  context.stroke();
  context.lineCap = 'butt';
}

function paintNumbers(context: CanvasRenderingContext2D, { hall, view, codes, chosen, palette, grade }: Scene): void {
  const inks = hall.layout.grades.map(({ color }) => readableOn(color));
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const section of hall.sections) {
    if (section.pitch * view.scale < NUMBERS_FROM_PX || !isVisible(view, section.box)) continue;
    context.font = `600 ${Math.min(13, radiusOf(section, view) * 1.05)}px ${palette.font}`;
    for (let seat = section.first; seat <= section.last; seat += 1) {
      if (codes[seat] !== FREE || chosen.has(seat) || (grade !== null && hall.gradeOf[seat] !== grade)) continue;
      const [px, py] = toScreen(view, hall.x[seat] as number, hall.y[seat] as number);
      const row = hall.rows[hall.rowOf[seat] as number];
      if (row === undefined) continue;
      context.fillStyle = inks[hall.gradeOf[seat] as number] as string;
      context.fillText(String(row.label0 + seat - row.first), px, py + 0.5);
    }
  }
}

/** The row's name stands before its first seat, where the row would have one seat more. */
function paintRowNames(context: CanvasRenderingContext2D, { hall, view, palette }: Scene, pitchPx: number): void {
  context.fillStyle = palette.muted;
  context.font = `600 ${Math.min(12, pitchPx * 0.52)}px ${palette.font}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const row of hall.rows) {
    const [px, py] = toScreen(view, row.x - row.dx * 0.95, row.y - row.dy * 0.95);
    if (px > -20 && py > -20 && px < view.width + 20 && py < view.height + 20) context.fillText(row.row, px, py);
  }
}

function paintHover(context: CanvasRenderingContext2D, { hall, view, palette }: Scene, seat: number, radius: number): void {
  const [px, py] = toScreen(view, hall.x[seat] as number, hall.y[seat] as number);
  context.strokeStyle = palette.accent;
  context.lineWidth = 2.5;
  context.beginPath();
  context.arc(px, py, radius + 3, 0, 2 * Math.PI);
  context.stroke();
}
