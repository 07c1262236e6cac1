import { seatAt, sectionAt, type Hall, type HallSection } from '../page-state/hall.ts';
import { between, panBy, resize, showAll, showBox, toHall, zoomAt, type Viewport } from '../page-state/viewport.ts';
import { paint, SEATS_FROM_PX, type Scene } from './painter.ts';
import { readPalette, type Palette } from './palette.ts';

export type SurfaceInput = Pick<Scene, 'hall' | 'codes' | 'counts' | 'chosen' | 'grade' | 'stageWord' | 'fullWord' | 'language'>;
export type SurfaceNews = {
  readonly onSeat: (seat: number) => void;
  /** The seat under the pointer, and where; null when there is none. */
  readonly onHover: (seat: number | null, x: number, y: number) => void;
  readonly onSection: (section: number) => void;
};

/** Seats are at least this far apart after a section was chosen: a finger hits one. */
const PRESSABLE_PX = 16;
/** How far beside a seat or a section a press may land. */
const REACH_PX = { least: 17, most: 32 } as const;
const PAN_IS_MORE_THAN_PX = 7;
const ANIMATION_MS = 320;
const STEP = 1.6;

/**
 * The canvas with its gestures: drag to pan, two fingers or the wheel to zoom, a press on a section to come near, a press on a
 * seat to choose it. Draws once per animation frame, and only when something has changed.
 */
export class MapSurface {
  readonly #canvas: HTMLCanvasElement;
  readonly #news: SurfaceNews;
  readonly #pointers = new Map<number, { x: number; y: number }>();
  #input: SurfaceInput;
  #view: Viewport;
  #palette: Palette = readPalette();
  #hovered: number | null = null;
  #frame = 0;
  #moved = 0;
  #animation: { readonly from: Viewport; readonly to: Viewport; readonly began: number } | null = null;
  #observer: ResizeObserver;
  #off = new AbortController();

  constructor(canvas: HTMLCanvasElement, input: SurfaceInput, news: SurfaceNews) {
    this.#canvas = canvas;
    this.#news = news;
    this.#input = input;
    this.#view = showAll(input.hall.extent, canvas.clientWidth || 300, canvas.clientHeight || 300);
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(canvas);
    this.#listen();
    this.#resize();
  }

  update(input: SurfaceInput): void {
    this.#input = input;
    this.#draw();
  }

  zoom(direction: 1 | -1): void {
    const { width, height } = this.#view;
    this.#animateTo(zoomAt(this.#view, width / 2, height / 2, direction === 1 ? STEP : 1 / STEP, this.#hall.extent, this.#hall.pitch));
  }

  showAll(): void {
    this.#animateTo(showAll(this.#hall.extent, this.#view.width, this.#view.height));
  }

  showSection(index: number): void {
    const section = this.#hall.sections[index] as HallSection;
    this.#animateTo(showBox(this.#view, section.box, this.#hall.extent, this.#hall.pitch, (PRESSABLE_PX * this.#hall.pitch) / section.pitch));
    this.#news.onSection(index);
  }

  close(): void {
    this.#off.abort();
    this.#observer.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  get #hall(): Hall {
    return this.#input.hall;
  }

  #listen(): void {
    const options = { signal: this.#off.signal };
    const canvas = this.#canvas;
    canvas.addEventListener('pointerdown', (event) => this.#down(event), options);
    canvas.addEventListener('pointermove', (event) => this.#move(event), options);
    for (const name of ['pointerup', 'pointercancel'] as const) canvas.addEventListener(name, (event) => this.#up(event), options);
    canvas.addEventListener('pointerleave', (event) => event.pointerType === 'mouse' && this.#hover(null, 0, 0), options);
    canvas.addEventListener('wheel', (event) => this.#wheel(event), { ...options, passive: false });
    canvas.addEventListener('keydown', (event) => this.#key(event), options);
    matchMedia('(prefers-color-scheme: dark)').addEventListener(
      'change',
      () => {
        this.#palette = readPalette();
        this.#draw();
      },
      options,
    );
  }

  #at(event: PointerEvent | WheelEvent): { x: number; y: number } {
    const box = this.#canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#animation = null;
    this.#hover(null, 0, 0);
    if (this.#pointers.size === 0) this.#moved = 0;
    this.#pointers.set(event.pointerId, this.#at(event));
  }

  #move(event: PointerEvent): void {
    const at = this.#at(event);
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined) return this.#hoverAt(at.x, at.y, event.pointerType);
    const { extent, pitch } = this.#hall;
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#moved += Math.hypot(at.x - before.x, at.y - before.y);
    if (other !== undefined) {
      const factor = Math.hypot(at.x - other.x, at.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
      this.#view = zoomAt(this.#view, (at.x + other.x) / 2, (at.y + other.y) / 2, factor, extent, pitch);
      this.#view = panBy(this.#view, (at.x - before.x) / 2, (at.y - before.y) / 2, extent, pitch);
      this.#moved = Infinity;
    } else if (this.#moved > PAN_IS_MORE_THAN_PX) this.#view = panBy(this.#view, at.x - before.x, at.y - before.y, extent, pitch);
    this.#pointers.set(event.pointerId, at);
    this.#draw();
  }

  #up(event: PointerEvent): void {
    const had = this.#pointers.delete(event.pointerId);
    if (!had || event.type === 'pointercancel' || this.#moved > PAN_IS_MORE_THAN_PX) return;
    const at = this.#at(event);
    this.#press(at.x, at.y, event.pointerType);
  }

  #press(px: number, py: number, pointer: string): void {
    const [x, y] = toHall(this.#view, px, py);
    const section = sectionAt(this.#hall, x, y);
    const pitchPx = this.#pitchOf(section) * this.#view.scale;
    // Seats smaller than a fingertip are not chosen by chance: the first press comes near.
    const near = pitchPx >= (pointer === 'mouse' ? SEATS_FROM_PX * 1.6 : PRESSABLE_PX * 0.8);
    if (!near) {
      // A finger that lands in the aisle means the section beside it.
      const beside = section ?? this.#hall.sectionOf[seatAt(this.#hall, x, y, REACH_PX.most / this.#view.scale) ?? -1];
      return beside === undefined ? undefined : this.showSection(beside);
    }
    const seat = seatAt(this.#hall, x, y, Math.min(REACH_PX.most, Math.max(REACH_PX.least, pitchPx * 0.8)) / this.#view.scale);
    // A finger has no hover: what it pressed is told where it pressed, also when that seat is somebody else's.
    if (pointer !== 'mouse') this.#hover(seat, px, py);
    if (seat !== null) this.#news.onSeat(seat);
    else if (section !== null) this.#news.onSection(section);
  }

  #pitchOf(section: number | null): number {
    return section === null ? this.#hall.pitch : (this.#hall.sections[section] as HallSection).pitch;
  }

  #hoverAt(px: number, py: number, pointer: string): void {
    const pitchPx = this.#hall.pitch * this.#view.scale;
    if (pointer !== 'mouse' || pitchPx < SEATS_FROM_PX * 1.6) return this.#hover(null, 0, 0);
    const [x, y] = toHall(this.#view, px, py);
    this.#hover(seatAt(this.#hall, x, y, (pitchPx * 0.6) / this.#view.scale), px, py);
  }

  #hover(seat: number | null, px: number, py: number): void {
    if (seat === this.#hovered) return;
    this.#hovered = seat;
    this.#news.onHover(seat, px, py);
    this.#draw();
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    this.#hover(null, 0, 0);
    const at = this.#at(event);
    this.#animation = null;
    const factor = Math.exp(-event.deltaY * (event.ctrlKey ? 0.012 : 0.0022));
    this.#view = zoomAt(this.#view, at.x, at.y, Math.min(2, Math.max(0.5, factor)), this.#hall.extent, this.#hall.pitch);
    this.#draw();
  }

  #key(event: KeyboardEvent): void {
    const moves: Record<string, readonly [number, number]> = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    const move = moves[event.key];
    if (move !== undefined) {
      this.#view = panBy(this.#view, move[0], move[1], this.#hall.extent, this.#hall.pitch);
      this.#draw();
    } else if (event.key === '+' || event.key === '=') this.zoom(1);
    else if (event.key === '-') this.zoom(-1);
    else if (event.key === '0') this.showAll();
    else return;
    event.preventDefault();
  }

  #animateTo(to: Viewport): void {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) this.#view = to;
    else this.#animation = { from: this.#view, to, began: performance.now() };
    this.#draw();
  }

  #resize(): void {
    const { clientWidth, clientHeight } = this.#canvas;
    if (clientWidth === 0 || clientHeight === 0) return;
    const ratio = Math.min(devicePixelRatio || 1, 2.5);
    this.#canvas.width = Math.round(clientWidth * ratio);
    this.#canvas.height = Math.round(clientHeight * ratio);
    this.#view = resize(this.#view, clientWidth, clientHeight, this.#hall.extent, this.#hall.pitch);
    this.#draw();
  }

  #draw(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#step();
      const context = this.#canvas.getContext('2d');
      if (context === null) return;
      const ratio = this.#canvas.width / Math.max(1, this.#view.width);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      paint(context, { ...this.#input, view: this.#view, hovered: this.#hovered, palette: this.#palette });
      if (this.#animation !== null) this.#draw();
    });
  }

  #step(): void {
    const animation = this.#animation;
    if (animation === null) return;
    const share = Math.min(1, (performance.now() - animation.began) / ANIMATION_MS);
    this.#view = between(animation.from, animation.to, share);
    if (share >= 1) this.#animation = null;
  }
}
