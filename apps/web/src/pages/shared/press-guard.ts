/**
 * Presses that were not meant for what they hit. `styles/press.css` keeps a control that has just appeared, or has just become usable, away
 * from the pointer for 600 ms (`pointer-events: none`, so that what tests and assistive technology ask the browser agrees with what happens).
 * This listener asks the same style for presses that come by keyboard, and adds two more that no style can see:
 *
 *   - the second press of a double click hits another control than the first, because the page moved in between
 *   - a key that is held down repeats its press on whatever has the focus by then
 *
 * What may be undone by the same press (a toggle) is not kept from the keyboard.
 */
const CONTROLS = 'button, summary, a[href], [role="button"]';
const DOUBLE_MS = 600;
const SAME_PLACE_PX = 24;
const PRESS_KEYS: readonly string[] = ['Enter', ' '];

type Press = { readonly control: Element; readonly at: number; readonly x: number; readonly y: number };

export function guardPresses(page: Document): void {
  let last: Press | null = null;
  page.addEventListener(
    'click',
    (event) => {
      const control = controlOf(event.target);
      if (control === null) return;
      const byPointer = event.detail > 0;
      const double = byPointer && last !== null && isSecondOf(last, event);
      if (double ? last?.control !== control : isFresh(control, byPointer)) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
      // A third press is compared with the second in time and place, and with the first in what it was meant for.
      if (byPointer) last = { control: double ? (last as Press).control : control, at: event.timeStamp, x: event.clientX, y: event.clientY };
    },
    { capture: true },
  );
  page.addEventListener(
    'keydown',
    (event) => {
      if (event.repeat && PRESS_KEYS.includes(event.key) && (event.key === 'Enter' || controlOf(event.target) !== null)) event.preventDefault();
    },
    { capture: true },
  );
}

const controlOf = (target: EventTarget | null): Element | null => (target instanceof Element ? target.closest(CONTROLS) : null);

const isSecondOf = (first: Press, event: MouseEvent): boolean =>
  event.timeStamp - first.at < DOUBLE_MS && Math.hypot(event.clientX - first.x, event.clientY - first.y) < SAME_PLACE_PX;

/** Enter in a field presses its form's button without a finger near it: that press was meant, however new the button is. */
function isFresh(control: Element, byPointer: boolean): boolean {
  if (!byPointer && (control !== document.activeElement || control.hasAttribute('aria-pressed'))) return false;
  return getComputedStyle(control).pointerEvents === 'none';
}
