import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import t from 'tap';
import { ko } from '../src/texts/ko.ts';
import { en } from '../src/texts/en.ts';
import { FakeRoom } from './fake/admission.ts';
import { FakeBooking } from './fake/booking.ts';
import { chromiumIsHere, NO_CHROMIUM, openBrowser, openVisitor, type SizeName } from '@onsale/testing/browser';
import { startGateway } from './fake/gateway.ts';
import { startPaymentWindow } from './fake/payment-window.ts';

/** What browsers refuse to keep, or forget, between the seats and the ticket; and a payment that comes back in another browser. */
const SHOTS = join(import.meta.dirname, '..', '..', '..', '.data', 'web-screenshots');
const JOURNEYS_MS = 115_000;
/** The machine may be busy with other tests. */
const STEP_MS = 20_000;
const TEXTS = { ko, en } as const;
type Language = keyof typeof TEXTS;

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
  mkdirSync(SHOTS, { recursive: true });
  const room = new FakeRoom();
  const office = new FakeBooking({ across: 6, deep: 4 });
  const [admission, booking, paying] = await Promise.all([room.start(), office.start(), startPaymentWindow()]);
  office.sandbox = paying.url;
  const { app, url } = await startGateway({ admission, booking, sandbox: paying.url });
  const browser = await openBrowser();
  t.teardown(async () => {
    await browser.close();
    await app.close();
    await room.stop();
    await office.stop();
    paying.server.close();
  });

  let fans = 0;
  /** Inside, two of the best seats held, at the payment window. */
  async function toPaymentWindow(context: BrowserContext, page: Page): Promise<void> {
    const device = `fan-${(fans += 1)}`;
    office.sessions.set(device, Date.now() + 20 * 60_000);
    await context.addCookies([{ name: 'onsale_device', value: device, url, httpOnly: true, sameSite: 'Lax' }]);
    await page.goto(`${url}/shows/demo`);
    await page.locator('.best .button').click();
    await page.locator('.held .button-primary').click();
    await page.locator('.checkout-form .button-primary').click();
    await page.locator('#approve').waitFor();
  }

  const visit = async (size: SizeName, language: Language, refusing = false) => {
    const visitor = await openVisitor(browser, size, language, { stepMs: STEP_MS });
    if (refusing) await refuseStorage(visitor.context);
    const say = (key: keyof typeof en): string => TEXTS[language][key];
    const shoot = async (scene: string): Promise<void> => void (await visitor.page.screenshot({ path: join(SHOTS, `${size}-${language}-${scene}.png`) }));
    return { ...visitor, say, shoot };
  };

  t.test('storage refused: the order is paid for, and its tickets are found again', async (t) => {
    const { context, page, complaints, say, shoot } = await visit('phone', 'ko', true);
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
    await shoot('storage-refused');
    t.same(complaints, []);
    await context.close();
  });

  t.test('storage refused: the order is cancelled', async (t) => {
    const { context, page, complaints, say } = await visit('desktop', 'en', true);
    await toPaymentWindow(context, page);
    await page.locator('#cancel').click();
    await page.getByText(say('pay.cancelled'), { exact: true }).waitFor();
    await page.getByRole('button', { name: say('order.cancel') }).click();
    await page.getByRole('button', { name: say('order.cancel-yes') }).click();
    await page.getByText(say('order.cancelled'), { exact: true }).waitFor();
    t.same(complaints, []);
    await context.close();
  });

  t.test('storage cleared: paid tickets are under My tickets still', async (t) => {
    const { context, page, complaints, say, shoot } = await visit('phone', 'en');
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
    await shoot('me-after-clearing');
    await page.locator('.order-line').click();
    await page.locator('.qr').first().waitFor();
    t.ok(((await context.cookies()).find(({ name }) => name === 'onsale_device')?.expires ?? 0) >= before, 'a visit renews the cookie');
    t.same(complaints, []);
    await context.close();
  });

  t.test('return in another browser: paid, told where the tickets are, and nothing else', async (t) => {
    const first = await visit('phone', 'ko');
    await toPaymentWindow(first.context, first.page);
    const [approve, cancel] = await Promise.all(['#approve', '#cancel'].map((id) => first.page.locator(id).getAttribute('href')));
    const { context, page, complaints, say, shoot } = await visit('phone', 'ko');
    await page.goto(cancel ?? '');
    await page.getByText(say('order.elsewhere-refused'), { exact: true }).waitFor();
    office.nextConfirm = 'unknown';
    await page.goto(approve ?? '');
    await page.getByText(say('order.elsewhere-checking'), { exact: true }).waitFor();
    office.nextConfirm = 'paid';
    await page.getByText(say('order.elsewhere-paid'), { exact: true }).waitFor();
    await shoot('return-elsewhere');
    t.notMatch(page.url(), /\?/, 'the proof does not stay in the address');
    t.equal(await page.locator('.qr').count(), 0, 'no ticket here');
    await page.reload();
    await page.getByText(say('order.not-here'), { exact: true }).waitFor();
    await first.page.goto(`${url}/me`);
    await first.page.locator('.order-line').click();
    await first.page.locator('.qr').first().waitFor();
    // What a stranger asks in vain is a 404 in the console, and no fault of the page.
    t.same(complaints.filter((complaint) => !complaint.includes('404')), []);
    await context.close();
    await first.context.close();
  });
}
