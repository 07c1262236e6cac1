import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { makeOnSale, openWholeSystem, smallHall, type WholeSystem } from '@onsale/testing';
import { chromiumIsHere, NO_CHROMIUM, openBrowser, openVisitor } from '@onsale/testing/browser';

/**
 * A fan in a real browser on the real system: queue page → called → seats → payment window → ticket, on a phone and on a
 * wide screen, in both languages. Screenshots are written to the folder that the test names.
 */
const SHOTS = resolve(import.meta.dirname, '../../../../.data/screenshots');
const STEP_MS_MAX = 20_000;
/** 15,000 seats. */
const ROWS = 100;
const SEATS_IN_ROW = 150;

if (!chromiumIsHere()) {
  t.pass(`${NO_CHROMIUM} on this machine: the journey in a browser was skipped`, { skip: NO_CHROMIUM });
} else {
  // Four journeys of 90 s each at most; a file has less by default.
  t.setTimeout(400_000);
  mkdirSync(SHOTS, { recursive: true });
  t.comment(`screenshots are in ${SHOTS}`);
  const system: WholeSystem = await openWholeSystem({ processes: { sandbox: 1, admission: 1, booking: 1, worker: 1, ops: 1, web: 1 } });
  const browser = await openBrowser();
  t.teardown(async () => {
    await browser.close();
    await system.close();
  });
  await makeOnSale(system, { layout: smallHall(ROWS, SEATS_IN_ROW), ratePerMinute: 120, capacity: 50 });
  const gateway = system.apps('web')[0]?.url ?? '';

  for (const [size, language] of [
    ['phone', 'ko'],
    ['phone', 'en'],
    ['desktop', 'ko'],
    ['desktop', 'en'],
  ] as const) {
    t.test(`${size}, ${language}: from the queue page to a ticket`, { timeout: 90_000 }, async (t) => {
      const { context, page, complaints } = await openVisitor(browser, size, language, { stepMs: STEP_MS_MAX });
      t.teardown(() => context.close());
      const shoot = async (scene: string): Promise<void> => void (await page.screenshot({ path: join(SHOTS, `${size}-${language}-${scene}.png`) }));
      await page.goto(gateway);
      t.equal(await page.locator('html').getAttribute('lang'), language);
      await shoot('1-home');
      await page.goto(`${gateway}/rooms/demo`);
      await page.locator('.button-turn, .headline').first().waitFor();
      await shoot('2-line');
      await page.locator('.button-turn').waitFor();
      await shoot('3-called');
      await page.reload();
      await page.locator('.button-turn').click();
      await page.waitForURL('**/shows/demo');
      await page.locator('.map-canvas').waitFor();
      await page.locator('.link-socket').waitFor();
      await shoot('4-hall');
      await page.locator('.best .button').click();
      await page.locator('.held').waitFor();
      await shoot('5-held');
      await page.locator('.held .button-primary').click();
      await page.locator('.checkout-form').waitFor();
      await shoot('6-checkout');
      await page.locator('.checkout-form .button-primary').click();
      await page.locator('button[name=outcome][value=approve]').waitFor();
      await shoot('7-payment');
      await page.locator('button[name=outcome][value=approve]').click();
      await page.locator('.qr').first().waitFor();
      await shoot('8-ticket');
      t.equal(await page.locator('.qr').count(), 2, 'two tickets, each with its code');
      await page.goto(`${gateway}/me`);
      await page.locator('a[href^="/orders/"]').first().waitFor();
      await shoot('9-mine');
      t.same(complaints, [], 'the pages complained of nothing');
    });
  }
}
