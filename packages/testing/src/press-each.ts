import { setTimeout as sleep } from 'node:timers/promises';
import type { BrowserContext, Page } from 'playwright-core';

/**
 * Every button of a page, pressed several times as fast as a hand does, and what came of it: nobody has to think of the button on which a
 * second press does harm. A press that reached a handler is told by the page itself, with the control that took it.
 */
export type Pressed = {
  readonly control: string;
  /** The page had asked whether it was meant, and this was an answer. */
  readonly answersQuestion: boolean;
  /** Controls that took a press meant for this one. */
  readonly others: readonly string[];
};
export type Scene = {
  readonly listen: Awaited<ReturnType<typeof watchPresses>>;
  readonly times: number;
  /** Kinds of buttons that were pressed before. */
  readonly known: Set<string>;
  /** Brings the page to where its buttons are to be pressed, from wherever it is. */
  readonly reach: () => Promise<void>;
  readonly pressed: (press: Pressed) => void;
};

const CONTROLS = 'button:enabled, summary, a.button';
const QUESTION = 'dialog, .plain-actions';
const ASKS = 'asks ';
const PRESS_EVERY_MS = 110;
/** Nothing was asked of a server for so long: the presses have had their effect. */
const QUIET_MS = 120;
const QUIET_MAX_MS = 10_000;
/** No page has as many kinds of buttons. */
const CONTROLS_MAX = 60;

/**
 * Tells the presses that pass the guard: it stands on the document, this one behind it. `unguarded`: the negative control, with neither the
 * guard's ear nor its style.
 */
export async function watchPresses(context: BrowserContext, { unguarded = false } = {}): Promise<(press: (control: string, meant: boolean) => void) => void> {
  let told: (control: string, meant: boolean) => void = () => undefined;
  await context.exposeFunction('tellPress', (control: string, meant: boolean) => told(control, meant));
  await context.addInitScript(`{
    const nameOf = (control) => (control.getAttribute('aria-label') ?? control.textContent).trim();
    const tell = (event) => {
      const control = event.target.closest?.('button, summary, a[href]');
      if (control) tellPress(nameOf(control), control === globalThis.meant);
    };
    addEventListener('click', () => document.documentElement.addEventListener('click', tell, { capture: true, once: true }), true);
  }`);
  if (unguarded) {
    await context.addInitScript(`{
      const listen = document.addEventListener;
      document.addEventListener = (type, ...rest) => (type === 'click' || type === 'keydown' ? undefined : listen.call(document, type, ...rest));
      const sheet = new CSSStyleSheet();
      sheet.replaceSync('* { animation: none !important; }');
      addEventListener('DOMContentLoaded', () => (document.adoptedStyleSheets = [sheet]));
    }`);
  }
  return (press) => (told = press);
}

/**
 * Presses each kind of button of the scene `times`, but not what is in `known`: the frame around every page is pressed in one of them. The scene
 * is reached anew whenever a press has changed the page. Gives how many were pressed.
 */
export async function pressEach(page: Page, { listen, times, known, reach, pressed }: Scene): Promise<number> {
  const quiet = watchRequests(page);
  await reach();
  let count = 0;
  for (; count < CONTROLS_MAX; count += 1) {
    const { kind, name, asks, point, shown } = await look(page, known);
    if (point === null) break;
    if (!asks) known.add(kind);
    const others: string[] = [];
    listen((control, meant) => void (meant || others.push(control)));
    await hammer(page, ...point, times);
    await quiet();
    pressed({ control: name, answersQuestion: asks, others });
    known.add(kind);
    if (asks || (await look(page, known).catch(() => null))?.shown !== shown) await reach();
  }
  // Questions look alike and mean different things.
  for (const kind of known) if (kind.startsWith(ASKS)) known.delete(kind);
  return count;
}

/**
 * Presses one place `times`, as fast as a hand does. A hand does not wait until the page has taken the press before: were it awaited, a busy machine
 * would turn one double click into two presses.
 */
export async function hammer(page: Page, x: number, y: number, times: number): Promise<void> {
  await page.mouse.move(x, y);
  const presses: Promise<void>[] = [];
  for (let press = 1; press <= times; press += 1) {
    presses.push(page.mouse.down({ clickCount: press }), page.mouse.up({ clickCount: press }));
    await sleep(PRESS_EVERY_MS);
  }
  await Promise.all(presses);
}

type Look = { readonly kind: string; readonly name: string; readonly asks: boolean; readonly shown: string; readonly point: [number, number] | null };

/** The next kind of button that is not known. It has stood for long: what has just appeared is let stand at once. */
const look = (page: Page, known: ReadonlySet<string>): Promise<Look> =>
  page.evaluate(
    ([selector, question, asksMark, pressedBefore]) => {
      const browser = globalThis as unknown as { document: PageDocument; location: { href: string }; meant?: PageControl };
      for (const animation of browser.document.getAnimations()) if (animation.animationName === 'fresh') animation.finish();
      const open = browser.document.querySelector('dialog[open]') ?? browser.document;
      const controls = [...open.querySelectorAll(selector)].filter((control) => control.checkVisibility());
      const nameOf = (control: PageControl): string => (control.getAttribute('aria-label') ?? control.textContent).trim();
      const asksOf = (control: PageControl): boolean => control.closest(question) !== null;
      const kindOf = (control: PageControl): string => {
        const list = control.closest('.rows, ul')?.className;
        return `${asksOf(control) ? asksMark : ''}${control.className} ${list ?? nameOf(control).replace(/\d+/g, '#')}`;
      };
      const shown = `${browser.location.href} ${controls.map(nameOf).join()}`;
      const control = controls.find((one) => !pressedBefore.includes(kindOf(one)));
      if (control === undefined) return { kind: '', name: '', asks: false, shown, point: null };
      control.scrollIntoView({ block: 'center', behavior: 'instant' });
      browser.meant = control;
      const { left, top, width, height } = control.getBoundingClientRect();
      return { kind: kindOf(control), name: nameOf(control), asks: asksOf(control), shown, point: [left + width / 2, top + height / 2] as [number, number] };
    },
    [CONTROLS, QUESTION, ASKS, [...known]] as const,
  );

/** As much of a page as is asked for here: this package is compiled without the names of a browser. */
type PageControl = {
  readonly className: string;
  readonly textContent: string;
  checkVisibility(): boolean;
  closest(selector: string): PageControl | null;
  getAttribute(name: string): string | null;
  scrollIntoView(how: object): void;
  getBoundingClientRect(): { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
};
type PageDocument = {
  getAnimations(): { readonly animationName?: string; finish(): void }[];
  querySelector(selector: string): PageDocument | null;
  querySelectorAll(selector: string): Iterable<PageControl>;
};

function watchRequests(page: Page): () => Promise<void> {
  let open = 0;
  let lastAt = performance.now();
  const note = (by: number) => (): void => {
    open = Math.max(0, open + by);
    lastAt = performance.now();
  };
  page.on('request', note(1)).on('requestfinished', note(-1)).on('requestfailed', note(-1));
  return async () => {
    const from = performance.now();
    lastAt = from;
    while (performance.now() - from < QUIET_MAX_MS && (open > 0 || performance.now() - lastAt < QUIET_MS)) await page.waitForTimeout(QUIET_MS / 3);
  };
}
