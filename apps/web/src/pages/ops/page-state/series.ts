import type { GaugesHistoryReply, GaugesMessage } from '@onsale/contract';

/** Readings of the last minutes, one a second at most, oldest first; and the geometry that draws them. Pure. */
export type Sample = { readonly at: number; readonly gauges: GaugesMessage };
export const WINDOW_MS = 5 * 60_000;
const SAMPLES_MAX = 600;

/** Adds a reading and drops what has left the window. A reading that is not newer replaces the last one. */
export function addSample(samples: readonly Sample[], gauges: GaugesMessage, now: number): readonly Sample[] {
  const last = samples.at(-1);
  const kept = last !== undefined && (gauges.at === last.gauges.at || now - last.at < 250) ? samples.slice(0, -1) : samples;
  return [...kept.filter(({ at }) => now - at <= WINDOW_MS).slice(-(SAMPLES_MAX - 1)), { at: now, gauges }];
}

export type Point = readonly [number, number | null];
export type Line = { readonly name: string; readonly look: string; readonly points: readonly Point[] };

/** What the server read before this page looked, or while it did not, in its place among the page's own readings: by age, whatever the clocks say. */
export function withPast(samples: readonly Sample[], { samples: past }: GaugesHistoryReply, now: number): readonly Sample[] {
  const own = new Set(samples.map(({ gauges }) => gauges.at));
  const others = past.filter((gauges) => !own.has(gauges.at)).map((gauges) => ({ at: now - gauges.ageMs, gauges }));
  return [...samples, ...others]
    .filter((sample) => now - sample.at <= WINDOW_MS)
    .sort((one, other) => one.at - other.at)
    .slice(-SAMPLES_MAX);
}

/** One figure of every sample; null where it was not read. */
export const lineOf = (name: string, look: string, samples: readonly Sample[], read: (gauges: GaugesMessage) => number | null): Line => ({
  name,
  look,
  points: samples.map(({ at, gauges }) => [at, read(gauges)] as const),
});

/** A round number at or above every value, so that the axis does not jump with each reading. */
export function niceTop(values: readonly (number | null)[]): number {
  const most = Math.max(1, ...values.map((value) => value ?? 0));
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= most) ?? 10;
  return step * power;
}

/** Top of a chart: of its lines alone when a limit lies so far above them that they would be flat under it. */
export function topOf(lines: readonly Line[], limit: readonly Point[]): number {
  const own = niceTop(lines.flatMap(({ points }) => points.map(([, value]) => value)));
  const highest = Math.max(0, ...limit.map(([, value]) => value ?? 0));
  return highest > own * FLAT_UNDER ? own : Math.max(own, niceTop([highest]));
}
const FLAT_UNDER = 3;

/** The SVG path of a limit: it held until the reading at which it was another. Where there is none, or it lies above the chart, there is a gap. */
export function stepsOf(points: readonly Point[], now: number, top: number, width: number, height: number): string {
  let path = '';
  let last: number | null = null;
  for (const [at, value] of points) {
    const shown = value === null || value > top ? null : value;
    const x = (width * (1 - (now - at) / WINDOW_MS)).toFixed(1);
    const y = shown === null ? '' : (height * (1 - shown / top)).toFixed(1);
    if (last !== null) path += `H${x}`;
    if (shown !== null && shown !== last) path += last === null ? `M${x} ${y}` : `V${y}`;
    last = shown;
  }
  return path;
}

/** The SVG path of a line in a box of `width` × `height`; a figure that was not read leaves a gap. */
export function pathOf(points: readonly Point[], now: number, top: number, width: number, height: number): string {
  let path = '';
  let pen = 'M';
  for (const [at, value] of points) {
    if (value === null) {
      pen = 'M';
      continue;
    }
    const x = width * (1 - (now - at) / WINDOW_MS);
    const y = height * (1 - Math.min(value, top) / top);
    path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = 'L';
  }
  return path;
}

/** The area under the last unbroken piece of a line. */
export function areaOf(points: readonly Point[], now: number, top: number, width: number, height: number): string {
  const from = points.map(([, value]) => value).lastIndexOf(null) + 1;
  const piece = points.slice(from);
  const line = pathOf(piece, now, top, width, height);
  const first = piece[0];
  const last = piece.at(-1);
  if (line === '' || first === undefined || last === undefined) return '';
  const x = (at: number): string => (width * (1 - (now - at) / WINDOW_MS)).toFixed(1);
  return `${line}L${x(last[0])} ${height}L${x(first[0])} ${height}Z`;
}

/** The value nearest in time to a share of the width, for the pointer. */
export function valueAt(points: readonly Point[], now: number, share: number): Point | null {
  const wanted = now - (1 - share) * WINDOW_MS;
  let best: Point | null = null;
  for (const point of points) if (best === null || Math.abs(point[0] - wanted) < Math.abs(best[0] - wanted)) best = point;
  return best;
}
