import t, { type Test } from 'tap';
import { chromiumIsHere, NO_CHROMIUM } from '@onsale/testing/browser';
import { deviceOf, openStage, placeInside, sayIn, shoot } from './fake/stage.ts';

/** The whole way without scripts: line, seats, payment, ticket. */
/** All of them, on a machine that is busy with other tests. */
const JOURNEYS_MS = 240_000;

if (!chromiumIsHere()) {
  t.pass(`${NO_CHROMIUM} on this machine: the journeys in a browser were skipped`, { skip: NO_CHROMIUM });
} else {
  t.setTimeout(JOURNEYS_MS);
  const stage = await openStage(t as Test);
  const { room, office, url, visit } = stage;

  for (const [size, language] of [
    ['phone', 'ko'],
    ['desktop', 'en'],
  ] as const)
    t.test(`${size}, ${language}: line, seats, payment, ticket without scripts`, async (t) => {
      const say = sayIn(language);
      const { context, page } = await visit(t as Test, size, language, { javaScriptEnabled: false });
      const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
      const follow = (name: string): Promise<void> => page.getByRole('link', { name, exact: true }).click();
      await page.goto(`${url}/rooms/demo`);
      await press(say('queue.join'));
      await follow(say('queue.leave'));
      await page.getByText(say('queue.leave-sure')).waitFor();
      await follow(say('queue.leave-no'));
      const device = await deviceOf(context);
      t.equal(room.places.get(device)?.state, 'waiting', 'leaving is asked first');
      room.set(device, { state: 'called', until: Date.now() + 60_000 });
      await page.goto(`${url}/rooms/demo?plain=1`);
      await press(say('queue.enter'));
      await page.locator('.section-list').waitFor();
      await shoot(page, `plain-${size}-${language}-1-sections`);

      const [free = 0, taken = 0] = office.freeSeats(2, 40);
      const { section } = office.seat(free);
      await page.locator(`a[href$="section=${section}"]`).click();
      await press(say('plain.hold'));
      await page.getByText(say('plain.none')).waitFor();
      await page.check(`input[value="${free}"]`);
      await page.check(`input[value="${taken}"]`);
      await shoot(page, `plain-${size}-${language}-2-seats`);
      office.codes[taken] = 2;
      await press(say('plain.hold'));
      await page.locator('.note-warn').waitFor();
      t.equal(await page.locator(`input[value="${taken}"]`).count(), 0, 'what somebody else took is offered no more');
      await page.check(`input[value="${free}"]`);
      await press(say('plain.hold'));
      await page.locator('.held').waitFor();
      await follow(say('seats.release'));
      await press(say('seats.release'));
      await page.selectOption('[name=quantity]', '2');
      await press(say('seats.best-find'));
      await page.locator('.held').waitFor();
      t.equal(await page.locator('.bill-seats strong').count(), 2);
      await page.fill('[name=email]', 'fan@example.com');
      await shoot(page, `plain-${size}-${language}-3-held`);
      await page.locator('.held .button-primary').click();
      await page.locator('#refuse').click();
      await page.getByText(say('pay.refused'), { exact: false }).first().waitFor();
      t.notMatch(page.url(), /paymentKey|failed/, 'what the window said does not stay in the address');
      await shoot(page, `plain-${size}-${language}-4-refused`);
      await page.locator('.card .button-primary').click();
      office.nextConfirm = 'unknown';
      await page.locator('#approve').click();
      await page.getByText(say('pay.checking'), { exact: true }).waitFor();
      office.nextConfirm = 'paid';
      for (const order of office.orders.values()) order.state = 'paid';
      await page.locator('.qr').first().waitFor();
      t.equal(await page.locator('.qr').count(), 2);
      await shoot(page, `plain-${size}-${language}-5-ticket`);
      await page.goto(`${url}/me`);
      await page.locator('.order-line').click();
      await page.locator('.qr').first().waitFor();
    });

  t.test('a payment that returns in another browser without scripts', async (t) => {
    const say = sayIn('en');
    const { context, page } = await visit(t as Test, 'phone', 'en', { javaScriptEnabled: false });
    await placeInside(stage, context);
    await page.goto(`${url}/shows/demo?plain=1`);
    await page.getByRole('button', { name: say('seats.best-find') }).click();
    await page.locator('.held .button-primary').click();
    const approve = (await page.locator('#approve').getAttribute('href')) ?? '';
    const other = await visit(t as Test, 'phone', 'en', { javaScriptEnabled: false });
    await other.page.goto(approve);
    await other.page.getByText(say('order.elsewhere-paid'), { exact: true }).waitFor();
    t.equal(await other.page.locator('.qr').count(), 0);
  });
}
