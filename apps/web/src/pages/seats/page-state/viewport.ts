import type { Box } from './hall.ts';

/** What part of the hall a window of `width` × `height` CSS pixels shows: its centre in hall units, and pixels per unit. */
export type Viewport = { readonly width: number; readonly height: number; readonly x: number; readonly y: number; readonly scale: number };
/** What there is to see: all sections and the stage. */
export type Extent = Box;

/** How large a seat may get at most, in pixels between neighbours. */
const PITCH_PX_MAX = 64;
const MARGIN = 0.96;

export const fitScale = (extent: Extent, view: Pick<Viewport, 'width' | 'height'>): number =>
  Math.max(0.01, Math.min(view.width / (extent.right - extent.left), view.height / (extent.bottom - extent.top)) * MARGIN);

export const showAll = (extent: Extent, width: number, height: number): Viewport => ({
  width,
  height,
  x: (extent.left + extent.right) / 2,
  y: (extent.top + extent.bottom) / 2,
  scale: fitScale(extent, { width, height }),
});

export const toScreen = (view: Viewport, x: number, y: number): readonly [number, number] => [
  (x - view.x) * view.scale + view.width / 2,
  (y - view.y) * view.scale + view.height / 2,
];
export const toHall = (view: Viewport, px: number, py: number): readonly [number, number] => [
  (px - view.width / 2) / view.scale + view.x,
  (py - view.height / 2) / view.scale + view.y,
];

/** Keeps the scale between "the whole hall" and "large seats", and the hall in the window. */
export function clamp(view: Viewport, extent: Extent, pitch: number): Viewport {
  const least = fitScale(extent, view);
  const scale = Math.min(Math.max(view.scale, least), Math.max(least, PITCH_PX_MAX / pitch));
  return {
    ...view,
    scale,
    x: clampAxis(view.x, extent.left, extent.right, view.width / scale),
    y: clampAxis(view.y, extent.top, extent.bottom, view.height / scale),
  };
}

/** Where the window is wider than the hall, the hall stands in its middle. */
function clampAxis(centre: number, from: number, to: number, shown: number): number {
  if (shown >= to - from) return (from + to) / 2;
  const slack = shown * 0.2;
  return Math.min(Math.max(centre, from + shown / 2 - slack), to - shown / 2 + slack);
}

/** Zooms by `factor` so that what is under the point (in pixels) stays under it. */
export function zoomAt(view: Viewport, px: number, py: number, factor: number, extent: Extent, pitch: number): Viewport {
  const [x, y] = toHall(view, px, py);
  const zoomed = clamp({ ...view, scale: view.scale * factor }, extent, pitch);
  return clamp({ ...zoomed, x: x - (px - view.width / 2) / zoomed.scale, y: y - (py - view.height / 2) / zoomed.scale }, extent, pitch);
}

export const panBy = (view: Viewport, dx: number, dy: number, extent: Extent, pitch: number): Viewport =>
  clamp({ ...view, x: view.x - dx / view.scale, y: view.y - dy / view.scale }, extent, pitch);

/** Shows a box, with room around it, and at least so near that its seats can be pressed. */
export function showBox(view: Viewport, box: Box, extent: Extent, pitch: number, pitchPx: number): Viewport {
  const fit = Math.min(view.width / (box.right - box.left), view.height / (box.bottom - box.top)) * 0.88;
  return clamp({ ...view, x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2, scale: Math.max(fit, pitchPx / pitch) }, extent, pitch);
}

export const resize = (view: Viewport, width: number, height: number, extent: Extent, pitch: number): Viewport => {
  const wasAll = Math.abs(view.scale - fitScale(extent, view)) < 1e-6;
  return wasAll ? showAll(extent, width, height) : clamp({ ...view, width, height }, extent, pitch);
};

/** Between two views, `share` in 0…1, eased; the scale moves by ratio, as the eye expects. */
export function between(from: Viewport, to: Viewport, share: number): Viewport {
  const eased = 1 - (1 - share) ** 3;
  const scale = from.scale * (to.scale / from.scale) ** eased;
  // The centre moves with the scale, so that the path is straight on the screen.
  const path = to.scale === from.scale ? eased : (1 / from.scale - 1 / scale) / (1 / from.scale - 1 / to.scale);
  return { ...to, scale, x: from.x + (to.x - from.x) * path, y: from.y + (to.y - from.y) * path };
}

export const isVisible = (view: Viewport, box: Box): boolean => {
  const [left, top] = toHall(view, 0, 0);
  const [right, bottom] = toHall(view, view.width, view.height);
  return box.right >= left && box.left <= right && box.bottom >= top && box.top <= bottom;
};
