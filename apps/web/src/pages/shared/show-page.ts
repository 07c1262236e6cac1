import { render, type VNode } from 'preact';
import { guardPresses } from './press-guard.ts';
import { wrapTexts } from './text-elements.ts';

/** What figures between two pieces of news move by. */
const TICK_MS = 1_000;

/** Puts a page into its root and keeps its clocks going; the result draws it again. Every page of the house begins here. */
export function showPage(view: () => VNode): () => void {
  guardPresses(document);
  wrapTexts();
  const root = document.getElementById('root') as HTMLElement;
  const draw = (): void => render(view(), root);
  root.replaceChildren();
  draw();
  setInterval(draw, TICK_MS);
  return draw;
}
