import type { Locator, Page } from 'playwright-core';
import t from 'tap';
import { chromiumIsHere, NO_CHROMIUM } from '@onsale/testing/browser';
import { hammer } from '@onsale/testing/press-each';
import { en } from '../src/texts/en.ts';
import { deviceOf, openStage, walkInside, walkToPayment } from './fake/stage.ts';

/**
 * Presses that were not meant for what they hit: double and triple clicks, held keys. The control is the same press with the guard taken
 * out of the page: it must do the harm that the guard prevents.
 */
if (!chromiumIsHere()) {
  t.pass(NO_CHROMIUM, { skip: NO_CHROMIUM });
} else {
  t.setTimeout(240_000);
  const stage = await openStage(t);
  const { room, office, url, visit } = stage;
  const hit = async (locator: Locator): Promise<readonly [number, number]> => {
    const box = await locator.boundingBox();
    if (box === null) throw new Error('nothing to press');
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  const PLACE = `{ position: 'fixed', left: '9px', width: '99px', height: '44px', zIndex: '99' }`;
  /** Three buttons in one place, one after the other: what the first press brings, the second and third must not take. */
  const chain = (page: Page): Promise<unknown> =>
    page.evaluate(`{
      const log = (globalThis.log = []);
      const show = (name, before) => {
        const button = document.createElement('button');
        button.textContent = name;
        Object.assign(button.style, ${PLACE}, { top: '99px' });
        button.onclick = () => {
          log.push(name);
          show(name + 'x', button);
        };
        if (before === undefined) document.querySelector('main').append(button);
        else before.replaceWith(button);
        button.focus();
      };
      show('a');
    }`);
  const logOf = (page: Page): Promise<string[]> => page.evaluate('log');

  t.test('find and hold, pressed two and three times: the seats are still held', async (t) => {
    for (const [size, times] of [['desktop', 2], ['phone', 3]] as const) {
      const fan = await visit(t, size);
      await walkInside(stage, fan);
      const button = fan.page.locator('.best .button');
      await button.scrollIntoViewIfNeeded();
      await fan.page.waitForTimeout(700);
      await hammer(fan.page, ...(await hit(button)), times);
      await fan.page.locator('.held').waitFor();
      await fan.page.waitForTimeout(300);
      t.equal(await fan.page.locator('.held').count(), 1);
      t.equal(await fan.page.locator('dialog').count(), 0, 'no question either');
      t.equal(office.holds.find(({ device }) => device === office.lastDevice)?.state, 'live');
    }
  });

  t.test('what cannot be taken back asks, and Escape, the safe answer and a double click change nothing', async (t) => {
    const fan = await visit(t, 'phone');
    const { page } = fan;
    await walkInside(stage, fan);
    await page.locator('.best .button').click();
    const release = page.getByRole('button', { name: en['seats.release'], exact: true });
    await release.click();
    await page.locator('dialog').waitFor();
    t.equal(await page.evaluate('document.activeElement?.textContent'), en['seats.release-no'], 'the safe answer has the focus');
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    t.equal(await page.evaluate('document.activeElement?.textContent'), en['seats.release'], 'and the focus goes back');
    await page.waitForTimeout(700);
    await hammer(page, ...(await hit(release)), 3);
    await page.getByRole('button', { name: en['seats.release-no'] }).click();
    t.equal(await page.locator('.held').count(), 1);
    await page.getByRole('button', { name: en['seats.leave'], exact: true }).click();
    await page.getByRole('button', { name: en['shell.back'], exact: true }).click();
    t.equal(await page.locator('.held').count(), 1);
    await release.click();
    await page.getByRole('button', { name: en['seats.release-yes'] }).click();
    await page.locator('.best').waitFor();
    t.same(fan.complaints, []);
  });

  t.test('every page: a control that has just appeared takes no press, by mouse or key', async (t) => {
    const fan = await visit(t, 'desktop');
    const { page } = fan;
    const order = async (): Promise<string> => {
      await walkToPayment(stage, fan);
      await page.locator('.checkout-form .button-primary').click();
      await page.locator('#cancel').click();
      await page.waitForURL('**/orders/*');
      return page.url();
    };
    const places = [`${url}/rooms/demo`, `${url}/shows/demo`, await order(), `${url}/me`, `${url}/events/demo`, `${url}/rooms/demo?plain=1`];
    for (const place of places) {
      // Without a place the plain page does not renew itself.
      if (place.endsWith('plain=1')) await fan.context.clearCookies();
      await page.goto(place);
      await page.waitForLoadState('networkidle').catch(() => undefined);
      await chain(page);
      await page.waitForTimeout(700);
      await hammer(page, 30, 120, 3);
      t.same(await logOf(page), ['a'], `${place}: three clicks are one press`);
      await page.waitForTimeout(700);
      await page.locator('main button', { hasText: /^ax$/ }).focus();
      await page.keyboard.down('Enter');
      for (let repeat = 0; repeat < 12; repeat += 1) {
        await page.keyboard.down('Enter');
        await page.waitForTimeout(80);
      }
      await page.keyboard.up('Enter');
      t.same(await logOf(page), ['a', 'ax'], `${place}: a held key is one press`);
      await page.keyboard.press('Enter');
      await page.keyboard.press('Space');
      t.same(await logOf(page), ['a', 'ax', 'axx'], `${place}: a key right after a press meets what has just appeared`);
    }
  });

  t.test('a control that moves under the second click is not pressed; one that has stood for 600 ms is', async (t) => {
    const { page } = await visit(t, 'desktop');
    await page.goto(`${url}/me`);
    await page.evaluate(`{
      const log = (globalThis.log = []);
      const [one, two] = ['99px', '200px'].map((top) => {
        const button = document.createElement('button');
        Object.assign(button.style, ${PLACE}, { top });
        document.querySelector('main').append(button);
        return button;
      });
      one.onclick = () => {
        log.push('one');
        two.style.top = '99px';
        one.style.top = '200px';
      };
      two.onclick = () => log.push('two');
    }`);
    await page.waitForTimeout(700);
    await hammer(page, 30, 120, 3);
    t.same(await logOf(page), ['one']);
    await page.waitForTimeout(700);
    await page.mouse.click(30, 120);
    t.same(await logOf(page), ['one', 'two'], 'a press of its own is taken');
  });

  t.test('control: without the guard the same presses do the harm', async (t) => {
    const { page } = await visit(t, 'desktop');
    await page.goto(`${url}/me`);
    // The style goes, and the guard's ear is stopped: it listens on the document, behind the window.
    await page.evaluate(`{
      for (const sheet of document.styleSheets) if ([...sheet.cssRules].some((rule) => rule.name === 'fresh')) sheet.disabled = true;
      addEventListener('click', (event) => {
        event.stopImmediatePropagation();
        event.target.onclick?.(event);
      }, true);
    }`);
    await chain(page);
    await page.waitForTimeout(700);
    await hammer(page, 30, 120, 3);
    t.same(await logOf(page), ['a', 'ax', 'axx']);
  });

  t.test('leaving the line asks; a call that comes meanwhile takes the question away', async (t) => {
    const fan = await visit(t, 'phone');
    const { page } = fan;
    await page.goto(`${url}/rooms/demo`);
    await page.locator('.headline').waitFor();
    await page.getByRole('button', { name: en['queue.leave'] }).click();
    await page.locator('dialog').waitFor();
    room.set(await deviceOf(fan.context), { state: 'called', until: Date.now() + 60_000 });
    await page.locator('.button-turn').waitFor();
    t.equal(await page.locator('dialog').count(), 0);
    t.equal(await page.evaluate(`document.activeElement?.className.includes('button-turn')`), true, 'and Enter has the focus');
  });

  t.test('without scripts leaving asks too, on a page of its own', async (t) => {
    const { page, context } = await visit(t, 'phone', 'en', { javaScriptEnabled: false });
    await page.goto(`${url}/rooms/demo?plain=1`);
    await page.getByRole('button', { name: en['queue.join'] }).click();
    await page.getByRole('link', { name: en['queue.leave'] }).click();
    await page.getByRole('link', { name: en['queue.leave-no'] }).click();
    t.equal(room.places.get(await deviceOf(context))?.state, 'waiting');
    await page.getByRole('link', { name: en['queue.leave'] }).click();
    await page.getByRole('button', { name: en['queue.leave-yes'] }).click();
    await page.getByText(en['queue.left'], { exact: true }).waitFor();
    t.equal(room.places.get(await deviceOf(context))?.state, 'left');
  });
}
