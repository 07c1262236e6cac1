import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import t from 'tap';
import { ko } from '../src/texts/ko.ts';
import { en } from '../src/texts/en.ts';
import { FakeRoom } from './fake/admission.ts';
import { FakeBooking } from './fake/booking.ts';
import { chromiumIsHere, NO_CHROMIUM, openBrowser, openVisitor, type SizeName, type Visitor } from '@onsale/testing/browser';
import { startGateway } from './fake/gateway.ts';
import { startPaymentWindow } from './fake/payment-window.ts';

/**
 * A fan's way through the browser, on a phone and on a wide screen, in both languages: line, call, seats, a seat lost to
 * somebody faster, a refused card, ticket. The apps behind are stand-ins; the gateway and the pages are real.
 */
const SHOTS = join(import.meta.dirname, '..', '..', '..', '.data', 'web-screenshots');
/** All journeys together, on a machine that is busy with other tests: each step has a limit of its own. */
const JOURNEYS_MS = 240_000;
const STEP_MS = 20_000;
const TEXTS = { ko, en } as const;
type Language = keyof typeof TEXTS;

if (!chromiumIsHere()) {
  t.pass(`${NO_CHROMIUM} on this machine: the journeys in a browser were skipped`, { skip: NO_CHROMIUM });
} else {
  t.setTimeout(JOURNEYS_MS);
  mkdirSync(SHOTS, { recursive: true });
  t.comment(`screenshots are in ${SHOTS}`);
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
  /** The newest device in the room is this fan's. */
  const deviceOfFan = async ({ context }: Visitor): Promise<string> => (await context.cookies()).find(({ name }) => name === 'onsale_device')?.value ?? '';
  const shooter =
    (page: Page, name: string) =>
    async (scene: string): Promise<void> =>
      void (await page.screenshot({ path: join(SHOTS, `${name}-${scene}.png`) }));

  for (const [size, language] of [
    ['phone', 'ko'],
    ['phone', 'en'],
    ['desktop', 'ko'],
    ['desktop', 'en'],
  ] as const) {
    t.test(`${size}, ${language}: line, seats, payment, ticket`, async (t) => buy(t, size, language));
  }

  async function buy(t: import('tap').Test, size: SizeName, language: Language): Promise<void> {
    const say = (key: keyof typeof en): string => TEXTS[language][key];
    const fan = await openVisitor(browser, size, language, { stepMs: STEP_MS });
    const { page } = fan;
    const shoot = shooter(page, `${size}-${language}`);
    room.fillLine(240);
    await page.goto(url);
    t.equal(await page.locator('html').getAttribute('lang'), language);
    await shoot('1-home');
    await page.locator('.event-card a').click();
    await page.getByText(say('event.enter-line'), { exact: true }).click();

    await page.locator('.headline-count').waitFor();
    t.equal(await page.locator('.headline-count').innerText(), '240');
    await page.locator('.link-socket').waitFor();
    await shoot('2-waiting');
    room.advance(180);
    await page.getByText('60', { exact: true }).waitFor();
    await page.reload();
    await page.getByText('60', { exact: true }).waitFor();
    const device = await deviceOfFan(fan);
    t.equal([...room.places.keys()].filter((key) => key === device).length, 1, 'a reload keeps the place');

    room.set(device, { state: 'called', until: Date.now() + 60_000 });
    await page.locator('.button-turn').waitFor();
    await shoot('3-called');
    await page.locator('.button-turn').click();
    await page.waitForURL('**/shows/demo');
    await page.locator('.map-canvas').waitFor();
    await page.locator('.link-socket').waitFor();
    await shoot('4-hall');

    const [wanted] = office.freeSeats(1, 40) as [number];
    await chooseByList(page, wanted, say);
    await page.getByRole('button', { name: say('seats.map'), exact: true }).click();
    // Two requests at once: this fan's, and somebody's that wins.
    office.codes[wanted] = 2;
    await page.locator('.basket .button-primary').click();
    await page.locator('.offers').waitFor();
    await shoot('5-taken');
    await page.locator('.offers .button-primary').first().click();
    await page.locator('.held').waitFor();
    await shoot('6-held');
    await page.locator('.held .button-primary').click();
    await page.fill('[name=email]', 'not an address');
    await page.locator('.checkout-form .button-primary').click();
    await page.getByText(say('pay.email-wrong')).waitFor();
    await page.fill('[name=email]', 'fan@example.com');
    await shoot('7-checkout');
    await page.locator('.checkout-form .button-primary').click();
    await page.locator('#refuse').click();
    await page.getByText(say('pay.refused'), { exact: true }).waitFor();
    t.notMatch(page.url(), /\?/, 'what the window said does not stay in the address');
    await shoot('8-refused');
    await page.locator('.checkout-form .button-primary').click();
    office.nextConfirm = 'unknown';
    await page.locator('#approve').click();
    await page.getByText(say('pay.checking'), { exact: true }).waitFor();
    await page.reload();
    await page.getByText(say('pay.checking'), { exact: true }).waitFor();
    for (const order of office.orders.values()) order.state = 'paid';
    await page.locator('.qr').first().waitFor();
    await shoot('9-ticket');
    await page.goto(`${url}/me`);
    await page.getByText(say('me.state-paid'), { exact: true }).first().waitFor();
    t.same(fan.complaints, []);
    room.places.delete(device);
    await fan.context.close();
  }

  /** Section, row, seat by the list, as somebody without a pointer would. */
  async function chooseByList(page: Page, seat: number, say: (key: keyof typeof en) => string): Promise<void> {
    const { section, row, label } = office.seat(seat);
    await page.getByRole('button', { name: say('seats.list'), exact: true }).click();
    await page.locator('.section-button strong', { hasText: new RegExp(`(^| )${section}( |$)`) }).click();
    const rowGroup = page.getByRole('group', { name: say('seats.row').replace('{row}', row), exact: true });
    await rowGroup
      .getByRole('button', { name: label, exact: false })
      .filter({ hasText: new RegExp(`^${label}$`) })
      .press('Enter');
    await page.locator('.basket-seats li').waitFor();
  }

  t.test('missed call, back, leave; a closed socket is bridged by polling', async (t) => {
    const fan = await openVisitor(browser, 'phone', 'en', { colorScheme: 'dark', stepMs: STEP_MS });
    const { page } = fan;
    room.fillLine(5);
    await page.goto(`${url}/rooms/demo`);
    await page.locator('.headline').waitFor();
    const device = await deviceOfFan(fan);
    room.set(device, { state: 'absent', needsReturn: true });
    await page.getByRole('button', { name: en['queue.back'] }).click();
    await page.locator('.headline').waitFor();
    await page.locator('.link-socket').waitFor();
    for (const ws of room.sockets.keys()) ws.close(1006 + 3_000);
    await page.locator('.link-polling').waitFor();
    room.set(device, { state: 'called', until: Date.now() + 60_000 });
    await page.locator('.button-turn').waitFor();
    await page.screenshot({ path: join(SHOTS, 'phone-en-dark-called.png') });
    await page.getByRole('button', { name: en['queue.leave'] }).click();
    await page.getByRole('button', { name: en['queue.leave-yes'] }).click();
    await page.getByText(en['queue.left'], { exact: true }).waitFor();
    await page.reload();
    await page.getByText(en['queue.left'], { exact: true }).waitFor();
    t.equal(room.places.get(device)?.state, 'left', 'a fan who left is not put back by a reload');
    await page.getByRole('button', { name: en['queue.join'], exact: true }).click();
    await page.locator('.headline').waitFor();
    t.equal(room.places.get(device)?.state, 'waiting');
    t.same(fan.complaints, []);
    await fan.context.close();
  });

  t.test('booking away at the press: the page keeps trying and says so, also after a reload', async (t) => {
    const fan = await openVisitor(browser, 'phone', 'en', { stepMs: STEP_MS });
    const { page } = fan;
    office.isAway = true;
    await page.goto(`${url}/rooms/demo`);
    await page.locator('.headline').waitFor();
    const device = await deviceOfFan(fan);
    room.set(device, { state: 'called', until: Date.now() + 60_000 });
    await page.locator('.button-turn').click();
    await page.getByText(en['queue.late-kept']).waitFor();
    // Redeemed in the waiting room, no session at booking: what a reload finds.
    room.set(device, { state: 'redeemed', until: Date.now() + 600_000 });
    await page.reload();
    await page.getByRole('button', { name: en['queue.continue'] }).click();
    await page.getByText(en['queue.late-kept']).waitFor();
    office.isAway = false;
    await page.waitForURL('**/shows/demo');
    t.ok(office.sessions.has(device), 'the place is in booking, without another press');
    await fan.context.close();
  });

  t.test('without scripts the line works too, and so does a page that is 404', async (t) => {
    const fan = await openVisitor(browser, 'phone', 'ko', { javaScriptEnabled: false, stepMs: STEP_MS });
    const { page } = fan;
    await page.goto(`${url}/rooms/demo`);
    await page.waitForURL('**/rooms/demo?plain=1*');
    await page.getByRole('button', { name: ko['queue.join'] }).click();
    await page.getByText(ko['queue.leave']).waitFor();
    const device = await deviceOfFan(fan);
    room.set(device, { state: 'called', until: Date.now() + 60_000 });
    await page.goto(`${url}/rooms/demo?plain=1`);
    await page.screenshot({ path: join(SHOTS, 'phone-ko-plain-called.png') });
    await page.getByRole('button', { name: ko['queue.enter'] }).click();
    await page.waitForURL('**/shows/demo?plain=1*');
    t.equal(office.sessions.has(device), true);
    await page.goto(`${url}/somewhere`);
    await page.getByText(ko['lost.title']).waitFor();
    await fan.context.close();
  });

  t.test('a session that ends, and a show without a session', async (t) => {
    const fan = await openVisitor(browser, 'desktop', 'en', { stepMs: STEP_MS });
    const { page } = fan;
    await page.goto(`${url}/shows/demo`);
    await page.getByText(en['seats.no-session'], { exact: true }).waitFor();
    await page.goto(`${url}/rooms/demo`);
    await page.locator('.headline').waitFor();
    const device = await deviceOfFan(fan);
    room.set(device, { state: 'called', until: Date.now() + 60_000 });
    await page.locator('.button-turn').click();
    await page.locator('.map-canvas').waitFor();
    for (const width of [320, 480, 481, 1440]) {
      await page.setViewportSize({ width, height: 800 });
      const [tools, map] = [await page.locator('.map-tools').boundingBox(), await page.locator('.map').boundingBox()];
      t.ok(tools !== null && map !== null && tools.y + tools.height <= map.y, `${width} px: the tools hide nothing of the map`);
    }
    await page.locator('.best .button').click();
    await page.locator('.held').waitFor();
    t.equal(await page.locator('.held .bill-seats strong').count(), 2, 'two of the best');
    await page.getByRole('button', { name: en['seats.change'] }).click();
    await page.getByRole('button', { name: en['seats.keep-old'] }).click();
    await page.getByRole('button', { name: en['seats.release'], exact: true }).click();
    await page.getByRole('button', { name: en['seats.release-yes'] }).click();
    await page.locator('.best').waitFor();
    await page.getByRole('button', { name: en['seats.leave'], exact: true }).click();
    await page.getByRole('button', { name: en['seats.leave-yes'] }).click();
    await page.getByText(en['seats.ended'], { exact: true }).waitFor();
    t.same(fan.complaints, []);
    await fan.context.close();
  });
}
