import type { Page } from 'playwright-core';
import t from 'tap';
import { chromiumIsHere, NO_CHROMIUM } from '@onsale/testing/browser';
import { en } from '../src/texts/en.ts';
import { deviceOf, openStage, walkInside, walkToPayment } from './fake/stage.ts';

/**
 * Pages that the browser keeps whole in memory while another page is looked at, and brings back with Back (bfcache). Each test first makes
 * sure that the page really came back that way: a page that was loaded anew would prove nothing.
 */
if (!chromiumIsHere()) {
  t.pass(NO_CHROMIUM, { skip: NO_CHROMIUM });
} else {
  t.setTimeout(240_000);
  const stage = await openStage(t, { keepsPages: true });
  const { room, office, url, visit } = stage;

  const LOOKS_MAX = 100;
  /** Marks the page, so that the same page can be told from a fresh one. */
  const mark = (page: Page): Promise<unknown> =>
    page.evaluate(`{
      globalThis.marked = true;
      globalThis.persisted = null;
      addEventListener('pageshow', (event) => (globalThis.persisted = event.persisted));
    }`);
  type Back = { readonly marked: boolean; readonly persisted: boolean | null };
  const cameBack = async (page: Page): Promise<Back> => {
    for (let looks = 1; ; looks += 1) {
      const back: Back = await page.evaluate('({ marked: globalThis.marked === true, persisted: globalThis.persisted ?? null })');
      // A page that was loaded anew is not marked, and one that was kept hears of it after a moment.
      if (back.persisted !== null || looks === LOOKS_MAX) return back;
      await page.waitForTimeout(50);
    }
  };

  t.test('seats: back from the payment window the order goes on', async (t) => {
    const fan = await visit(t);
    const { page } = fan;
    await walkToPayment(stage, fan);
    await mark(page);
    let restored: unknown;
    await page.exposeFunction('tellRestored', (value: unknown) => void (restored = value));
    await page.evaluate(`addEventListener('pageshow', (event) => tellRestored(event.persisted))`);
    await page.locator('.checkout-form .button-primary').click();
    await page.locator('#approve').waitFor();
    await page.goBack({ waitUntil: 'commit' });
    await page.waitForURL('**/orders/*');
    await page.getByText(en['pay.cancelled'], { exact: true }).waitFor();
    t.equal(restored, true, 'the page came back from memory');
    t.equal([...office.orders.values()].at(-1)?.abandoned, 1, 'what was open there can no longer be charged');
    await page.locator('.checkout-form .button-primary').click();
    await page.locator('#approve').click();
    await page.locator('.qr').first().waitFor();
    t.same(fan.complaints, []);
  });

  t.test('order: back from the payment window, twice', async (t) => {
    const fan = await visit(t);
    const { page } = fan;
    await walkToPayment(stage, fan);
    await page.locator('.checkout-form .button-primary').click();
    await page.locator('#refuse').click();
    await page.getByText(en['pay.refused'], { exact: true }).waitFor();
    await mark(page);
    for (let time = 1; time <= 2; time += 1) {
      await page.locator('.checkout-form .button-primary').click();
      await page.locator('#approve').waitFor();
      await page.goBack({ waitUntil: 'commit' });
      t.same(await cameBack(page), { marked: true, persisted: true }, 'the page came back from memory');
      await page.getByText(en['pay.cancelled'], { exact: true }).waitFor();
      t.equal(await page.locator('.checkout-form .button-primary').isEnabled(), true);
    }
    await page.locator('.checkout-form .button-primary').click();
    await page.locator('#approve').click();
    await page.locator('.qr').first().waitFor();
    t.same(fan.complaints, []);
  });

  t.test('queue: what has happened meanwhile is there, and it is live again', async (t) => {
    const fan = await visit(t);
    const { page, context } = fan;
    room.fillLine(50);
    await page.goto(`${url}/rooms/demo`);
    await page.locator('.link-socket').waitFor();
    await mark(page);
    await page.locator('.top a[href="/me"]').click();
    await page.getByText(en['me.title'], { exact: true }).first().waitFor();
    room.advance(40);
    await page.goBack({ waitUntil: 'commit' });
    t.same(await cameBack(page), { marked: true, persisted: true });
    await page.getByText('10', { exact: true }).waitFor();
    await page.locator('.link-socket').waitFor();
    room.set(await deviceOf(context), { state: 'called', until: Date.now() + 60_000 });
    await page.locator('.button-turn').click();
    await page.waitForURL('**/shows/demo');
    t.same(fan.complaints, []);
  });

  t.test('seats and tickets: the map is live again, and so is the list of orders', async (t) => {
    const fan = await visit(t);
    const { page } = fan;
    await walkInside(stage, fan);
    await page.locator('.link-socket').waitFor();
    await mark(page);
    await page.locator('.top a[href="/me"]').click();
    await page.getByText(en['me.title'], { exact: true }).first().waitFor();
    const before = office.version;
    office.change(office.freeSeats(3), 2);
    await page.goBack({ waitUntil: 'commit' });
    t.same(await cameBack(page), { marked: true, persisted: true });
    await page.locator('.link-socket').waitFor();
    t.ok(office.version > before);
    t.equal(office.sockets.size, 1, 'one socket, not two');
    t.same(fan.complaints, []);
  });
}
