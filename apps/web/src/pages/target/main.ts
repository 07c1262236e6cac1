/*
 * Loaded before a page's own script, in words that every browser reads: one that lacks a function the pages use, which all of build/target.ts have,
 * goes to the page that needs no script, with what its address says. Small, for it is part of the first paint.
 */
try {
  [AbortSignal.timeout, CanvasRenderingContext2D.prototype.roundRect, ResizeObserver].forEach((needed) => needed.length);
} catch (missing) {
  location.replace(location.pathname + '?plain=1' + location.search.replace('?', '&'));
}
