import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Test } from 'tap';
import { openBrowser, openVisitor, type SizeName, type Visitor } from '@onsale/testing/browser';
import { en } from '../../src/texts/en.ts';
import { ko } from '../../src/texts/ko.ts';
import { FakeRoom } from './admission.ts';
import { FakeBooking } from './booking.ts';
import { startGateway } from './gateway.ts';
import { startPaymentWindow } from './payment-window.ts';

/** Everything a journey in a browser stands on: stand-ins for the apps, the real gateway with the real pages, Chromium. */
export type Stage = {
  readonly room: FakeRoom;
  readonly office: FakeBooking;
  readonly url: string;
  readonly browser: Browser;
  /** A fan with a browser of their own, closed with the test. */
  readonly visit: (t: Test, size?: SizeName, language?: 'ko' | 'en', more?: Parameters<typeof openVisitor>[3]) => Promise<Visitor>;
};

export async function openStage(t: Test, browsing: Parameters<typeof openBrowser>[0] = {}): Promise<Stage> {
  const room = new FakeRoom();
  const office = new FakeBooking({ across: 6, deep: 4 });
  const [admission, booking, paying] = await Promise.all([room.start(), office.start(), startPaymentWindow()]);
  office.sandbox = paying.url;
  const { app, url } = await startGateway({ admission, booking, sandbox: paying.url });
  const browser = await openBrowser(browsing);
  t.teardown(async () => {
    await browser.close();
    await app.close();
    await room.stop();
    await office.stop();
    paying.server.close();
  });
  const visit: Stage['visit'] = async (of, size = 'phone', language = 'en', more = {}) => {
    const visitor = await openVisitor(browser, size, language, { stepMs: 20_000, ...more });
    of.teardown(() => visitor.context.close());
    return visitor;
  };
  return { room, office, url, browser, visit };
}

export const deviceOf = async (context: BrowserContext): Promise<string> =>
  (await context.cookies()).find(({ name }) => name === 'onsale_device')?.value ?? '';

/** The texts of the pages. */
export const sayIn =
  (language: 'ko' | 'en') =>
  (key: keyof typeof en): string =>
    ({ ko, en })[language][key];

const SHOTS = join(import.meta.dirname, '..', '..', '..', '..', '.data', 'web-screenshots');
/** The whole page, to the folder of screenshots. */
export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}

const SESSION_MS = 20 * 60_000;
/** Gives a browser its cookie and an entry session, as if it had come through the line. */
export async function placeInside({ office, url }: Stage, context: BrowserContext): Promise<void> {
  const device = randomBytes(16).toString('base64url');
  office.sessions.set(device, Date.now() + SESSION_MS);
  await context.addCookies([{ name: 'onsale_device', value: device, url, httpOnly: true, sameSite: 'Lax' }]);
}

/** Joins, is called, enters: the fan stands before the hall. */
export async function walkInside({ room, url }: Stage, { page, context }: Pick<Visitor, 'page' | 'context'>): Promise<void> {
  await page.goto(`${url}/rooms/demo`);
  await page.locator('.headline').waitFor();
  room.set(await deviceOf(context), { state: 'called', until: Date.now() + 60_000 });
  await page.locator('.button-turn').click();
  await page.waitForURL('**/shows/demo');
  await page.locator('.best .button').waitFor();
}

/** From before the hall to the payment form. */
export async function walkToPayment(stage: Stage, fan: Pick<Visitor, 'page' | 'context'>): Promise<void> {
  await walkInside(stage, fan);
  await fan.page.locator('.best .button').click();
  await fan.page.locator('.held .button-primary').click();
  await fan.page.locator('.checkout-form').waitFor();
}
