import type { BrowserContext, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { chromiumIsHere, NO_CHROMIUM } from '@onsale/testing/browser';
import { openStage, placeInside, sayIn, shoot } from './fake/stage.ts';

/** What browsers refuse to keep, or forget, between the seats and the ticket; and a payment that comes back in another browser. */
/** All of them, on a machine that is busy with other tests. */
const JOURNEYS_MS = 240_000;

/** As a browser does that is told to keep nothing of this site but its cookies. */
const refuseStorage = (context: BrowserContext): Promise<unknown> =>
  context.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage'])
      Object.defineProperty(globalThis, name, {
        get: () => {
          throw new DOMException('refused', 'SecurityError');
        },
      });
  });

if (!chromiumIsHere()) {
  t.pass(`${NO_CHROMIUM} on this machine: the journeys in a browser were skipped`, { skip: NO_CHROMIUM });
} else {
  t.setTimeout(JOURNEYS_MS);
  const stage = await openStage(t as Test);
  const { office, url, visit } = stage;

  /** Inside, two of the best seats held, at the payment window. */
  async function toPaymentWindow(context: BrowserContext, page: Page): Promise<void> {
    await placeInside(stage, context);
    await page.goto(`${url}/shows/demo`);
    await page.locator('.best .button').click();
    await page.locator('.held .button-primary').click();
    await page.locator('.checkout-form .button-primary').click();
    await page.locator('#approve').waitFor();
  }

  t.test('storage refused: the order is paid for, and its tickets are found again', async (t) => {
    const say = sayIn('ko');
    const { context, page, complaints } = await visit(t as Test, 'phone', 'ko');
    await refuseStorage(context);
    await toPaymentWindow(context, page);
    await page.locator('#refuse').click();
    await page.getByText(say('pay.refused'), { exact: true }).waitFor();
    await page.locator('.checkout-form .button-primary').click();
    office.nextConfirm = 'unknown';
    await page.locator('#approve').click();
    await page.getByText(say('pay.checking'), { exact: true }).waitFor();
    office.nextConfirm = 'paid';
    for (const order of office.orders.values()) order.state = 'paid';
    await page.locator('.qr').first().waitFor();
    t.notMatch(page.url(), /\?/);
    await page.goto(`${url}/me`);
    await page.locator('.order-line').click();
    await page.locator('.qr').first().waitFor();
    await shoot(page, 'phone-storage-refused');
    t.same(complaints, []);
  });

  t.test('storage refused: the order is cancelled', async (t) => {
    const say = sayIn('en');
    const { context, page, complaints } = await visit(t as Test, 'desktop', 'en');
    await refuseStorage(context);
    await toPaymentWindow(context, page);
    await page.locator('#cancel').click();
    await page.getByText(say('pay.cancelled'), { exact: true }).waitFor();
    await page.getByRole('button', { name: say('order.cancel') }).click();
    await page.getByRole('button', { name: say('order.cancel-yes') }).click();
    await page.getByText(say('order.cancelled'), { exact: true }).waitFor();
    t.same(complaints, []);
  });

  t.test('storage cleared: paid tickets are under My tickets still', async (t) => {
    const say = sayIn('en');
    const { context, page, complaints } = await visit(t as Test, 'phone', 'en');
    await toPaymentWindow(context, page);
    await page.locator('#approve').click();
    await page.locator('.qr').first().waitFor();
    await page.evaluate(() => {
      localStorage.clear();
      sessionStorage.clear();
    });
    const before = (await context.cookies()).find(({ name }) => name === 'onsale_device')?.expires ?? 0;
    await page.goto(`${url}/me`);
    await page.getByText(say('me.state-paid'), { exact: true }).waitFor();
    await shoot(page, 'phone-me-after-clearing');
    await page.locator('.order-line').click();
    await page.locator('.qr').first().waitFor();
    t.ok(((await context.cookies()).find(({ name }) => name === 'onsale_device')?.expires ?? 0) >= before, 'a visit renews the cookie');
    t.same(complaints, []);
  });

  t.test('return in another browser: paid, told where the tickets are, and nothing else', async (t) => {
    const first = await visit(t as Test, 'phone', 'ko');
    await toPaymentWindow(first.context, first.page);
    const [approve, cancel] = await Promise.all(['#approve', '#cancel'].map((id) => first.page.locator(id).getAttribute('href')));
    const say = sayIn('ko');
    const { page, complaints } = await visit(t as Test, 'phone', 'ko');
    await page.goto(cancel ?? '');
    await page.getByText(say('order.elsewhere-refused'), { exact: true }).waitFor();
    office.nextConfirm = 'unknown';
    await page.goto(approve ?? '');
    await page.getByText(say('order.elsewhere-checking'), { exact: true }).waitFor();
    office.nextConfirm = 'paid';
    await page.getByText(say('order.elsewhere-paid'), { exact: true }).waitFor();
    await shoot(page, 'phone-return-elsewhere');
    t.notMatch(page.url(), /\?/, 'the proof does not stay in the address');
    t.equal(await page.locator('.qr').count(), 0, 'no ticket here');
    await page.reload();
    await page.getByText(say('order.not-here'), { exact: true }).waitFor();
    await first.page.goto(`${url}/me`);
    await first.page.locator('.order-line').click();
    await first.page.locator('.qr').first().waitFor();
    // What a stranger asks in vain is a 404 in the console, and no fault of the page.
    t.same(complaints.filter((complaint) => !complaint.includes('404')), []);
  });
}
