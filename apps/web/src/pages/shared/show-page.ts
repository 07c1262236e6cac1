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
  let waiting: HTMLButtonElement | null = null;
  const draw = (): void => {
    const focused = document.activeElement;
    render(view(), root);
    // A button is disabled while its press is under way, and a browser takes the focus from it then: it gets it back.
    if (focused instanceof HTMLButtonElement && focused.disabled) waiting = focused;
    if (waiting === null || waiting.disabled) return;
    if (waiting.isConnected && document.activeElement === document.body) waiting.focus({ preventScroll: true });
    waiting = null;
  };
  root.replaceChildren();
  draw();
  setInterval(draw, TICK_MS);
  return draw;
}
