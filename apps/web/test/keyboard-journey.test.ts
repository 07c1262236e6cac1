import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import t from 'tap';
import { chromiumIsHere, NO_CHROMIUM } from '@onsale/testing/browser';
import { en } from '../src/texts/en.ts';
import { ko } from '../src/texts/ko.ts';
import { deviceOf, openStage } from './fake/stage.ts';

/**
 * From the line to the ticket with the keyboard alone, as somebody goes who hears the page: what is announced, where the focus is, what the
 * title says, from the narrowest phone (and 400 % zoom of a wide screen) to a wide one.
 */
const SHOTS = join(import.meta.dirname, '..', '..', '..', '.data', 'web-screenshots');
const TABS_MAX = 160;
const TEXTS = { en, ko } as const;

if (!chromiumIsHere()) {
  t.pass(NO_CHROMIUM, { skip: NO_CHROMIUM });
} else {
  t.setTimeout(280_000);
  mkdirSync(SHOTS, { recursive: true });
  const stage = await openStage(t);
  const { room, office, url, visit } = stage;

  /** Every step is looked at in every width; the way is walked in the two languages. */
  const WIDTHS = [280, 320, 390, 1_440];
  for (const [width, language] of [
    [320, 'ko'],
    [1_440, 'en'],
  ] as const) {
    t.test(`${width} px, ${language}`, async (t) => {
      const fan = await visit(t, width < 600 ? 'phone' : 'desktop', language);
      const { page } = fan;
      await page.setViewportSize({ width, height: 780 });
      const words = TEXTS[language];
      const shoot = (name: string): Promise<unknown> => page.screenshot({ path: join(SHOTS, `keys-${width}-${name}.png`) });
      await line(t, fan, words);
      await shoot('1-hall');
      await seats(t, page, words);
      await shoot('2-held');
      await payment(t, page, words, shoot);
      t.same(fan.complaints, []);
    });
  }

  type Words = Readonly<Record<keyof typeof en, string>>;
  const active = (page: Page): Promise<string> =>
    page.evaluate(`document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? ''`);
  const spoken = (page: Page, text: string | RegExp): Promise<void> =>
    page.locator('[role=status], [role=alert], [aria-live]', { hasText: text }).first().waitFor({ state: 'attached' });

  /** Tab, until what has the focus is called so. */
  async function tabTo(page: Page, name: string | RegExp): Promise<void> {
    for (let tabs = 1; tabs <= TABS_MAX; tabs += 1) {
      const now = (await active(page)).trim();
      if (typeof name === 'string' ? now === name : name.test(now)) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`${String(name)} cannot be reached with Tab; the focus is on: ${await active(page)}`);
  }

  /** Enter on what has the focus, once it takes presses. */
  async function enter(page: Page): Promise<void> {
    while (await page.evaluate(`getComputedStyle(document.activeElement).pointerEvents === 'none'`)) await page.waitForTimeout(50);
    await page.keyboard.press('Enter');
  }

  async function fits(t: import('tap').Test, page: Page, where: string): Promise<void> {
    const own = page.viewportSize() as { width: number; height: number };
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: own.height });
      const [wide, covered] = await page.evaluate<[number, string[]]>(`[document.documentElement.scrollWidth, [...document.querySelectorAll('.tab, .tool')]
        .filter((control) => {
          const { left, top, width, height } = control.getBoundingClientRect();
          const hit = document.elementFromPoint(left + width / 2, top + height / 2);
          return width > 0 && hit !== null && !control.contains(hit) && hit.matches('.tab, .tool');
        }).map((control) => control.textContent)]`);
      t.ok(wide <= width, `${where} at ${width} px: nothing reaches beyond the edge (${wide})`);
      t.same(covered, [], `${where} at ${width} px: no control covers another`);
    }
    await page.setViewportSize(own);
  }

  async function line(t: import('tap').Test, { page, context }: Awaited<ReturnType<typeof visit>>, words: Words): Promise<void> {
    room.fillLine(12);
    await page.goto(`${url}/rooms/demo`);
    await page.locator('.headline-count').waitFor();
    await fits(t, page, 'line');
    await spoken(page, words['queue.say-ahead'].includes('{count|') ? /^12 / : /12/);
    t.match(await page.title(), /^12 · /, 'the title says how many are ahead');
    room.set(await deviceOf(context), { state: 'called', until: Date.now() + 60_000 });
    await page.locator('.button-turn').waitFor();
    await spoken(page, words['queue.called']);
    t.equal((await active(page)).trim(), words['queue.enter'], 'the turn has the focus');
    await enter(page);
    await page.waitForURL('**/shows/demo');
    // Playwright waits until a control takes presses.
    await page.locator('.tab').first().click({ trial: true });
    await fits(t, page, 'seats');
  }

  async function seats(t: import('tap').Test, page: Page, words: Words): Promise<void> {
    t.match(await page.title(), words['seats.title']);
    await tabTo(page, words['seats.list']);
    await enter(page);
    const section = page.locator('.section-button:enabled').first();
    const name = (await section.locator('strong').innerText()).trim();
    await tabTo(page, new RegExp(`^${name}`));
    await enter(page);
    t.match(await active(page), new RegExp(`^${name}`), 'the focus is on the name of the section that was opened');
    await page.keyboard.press('Tab');
    await tabTo(page, new RegExp(`, ${words['seats.sign-free']}$`));
    await enter(page);
    await spoken(page, /(chosen\. 1 of|선택\. \d석 중 1석)/);
    await enter(page);
    await spoken(page, /(taken out|제외)/);
    await enter(page);
    await page.locator('.basket-seats li').waitFor();
    const hold = page.locator('.basket .button-primary');
    await tabTo(page, (await hold.innerText()).trim());
    await enter(page);
    await page.locator('.held').waitFor();
    await spoken(page, /(held for \d+ minutes|\d+분 동안 선점)/);
    await page.locator('h2:focus').waitFor();
    t.equal((await active(page)).trim(), words['seats.held'], 'the focus is on what was won');
    t.match(await page.title(), words['seats.held']);
    await fits(t, page, 'held');
  }

  async function payment(t: import('tap').Test, page: Page, words: Words, shoot: (name: string) => Promise<unknown>): Promise<void> {
    await tabTo(page, words['seats.to-pay']);
    await enter(page);
    await page.waitForURL('**/shows/demo/pay');
    t.equal((await active(page)).trim(), words['pay.title'], 'checkout begins at its heading');
    t.match(await page.title(), words['pay.title']);
    await fits(t, page, 'checkout');
    await page.locator('[name=name]').focus();
    await page.keyboard.type('Kim');
    await page.goBack();
    await page.locator('.held').waitFor();
    t.match(page.url(), /\/shows\/demo$/, 'Back leads to the seats, not out');
    await page.goForward();
    await page.locator('.checkout-form').waitFor();
    await page.reload();
    await page.locator('.checkout-form').waitFor();
    t.equal(await page.locator('[name=name]').inputValue(), 'Kim', 'what was typed outlives Back and a reload');
    await shoot('3-checkout');
    await page.locator('[name=email]').focus();
    await tabTo(page, /^Pay |결제하기$/);
    await enter(page);
    await page.locator('#approve').focus();
    await page.keyboard.press('Enter');
    await page.locator('.qr').first().waitFor();
    t.match(await page.title(), words['order.paid']);
    await fits(t, page, 'ticket');
    await shoot('4-ticket');
    t.match(await page.locator('.qr path').first().getAttribute('d'), /^M4 4h/, 'a quiet zone of four modules');
  }

  t.test('seats that were chosen but not held outlive a reload and another language', async (t) => {
    const fan = await visit(t, 'phone');
    const { page } = fan;
    await line(t, fan, en);
    await page.locator('.tab').nth(1).click();
    await page.locator('.section-button:enabled').first().click();
    await page.locator('.seat-0').first().click();
    await page.locator('.basket-seats li').waitFor();
    await page.locator('.top .lang').click();
    await page.locator('.basket-seats li').waitFor();
    t.equal(await page.locator('html').getAttribute('lang'), 'ko');
    const [seat] = office.freeSeats(1);
    t.type(seat, 'number');
    await page.reload();
    await page.locator('.basket-seats li').waitFor();
    office.change(Array.from({ length: office.codes.length }, (_, index) => index).filter((index) => office.codes[index] === 0), 2);
    await page.locator('.action-note').waitFor();
    t.equal(await page.locator('.action-bar').isVisible(), true, 'the only chosen seat is gone, and the phone says so where the fan looks');
    t.same(fan.complaints, []);
  });
}
