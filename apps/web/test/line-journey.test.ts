import type { Page } from 'playwright-core';
import t from 'tap';
import { chromiumIsHere, NO_CHROMIUM } from '@onsale/testing/browser';
import { en } from '../src/texts/en.ts';
import { deviceOf, openStage, walkInside } from './fake/stage.ts';

/** What browsers and people do to a page in line: a lost cookie, six tabs, a translator that replaces every text. */
if (!chromiumIsHere()) {
  t.pass(NO_CHROMIUM, { skip: NO_CHROMIUM });
} else {
  t.setTimeout(240_000);
  const stage = await openStage(t);
  const { room, office, url, visit } = stage;
  const untilAhead = (page: Page, count: number | string): Promise<void> =>
    page.locator('.headline-count', { hasText: new RegExp(`^${count}$`) }).waitFor();

  t.test('a cookie that is lost in line: the place is kept, and the turn leads inside', async (t) => {
    const fan = await visit(t);
    const { page, context } = fan;
    room.fillLine(30);
    await page.goto(`${url}/rooms/demo`);
    await untilAhead(page, 30);
    const device = await deviceOf(context);
    await context.clearCookies();
    await page.reload();
    await untilAhead(page, 30);
    const renewed = await deviceOf(context);
    t.not(renewed, '', 'the browser has a cookie again before the turn');
    t.not(renewed, device);
    room.set(device, { state: 'called', until: Date.now() + 60_000 });
    await page.locator('.button-turn').click();
    await page.waitForURL('**/shows/demo');
    t.equal(office.sessions.has(renewed), true, 'the entry is tied to the cookie that this browser has');
    t.same(fan.complaints, []);
  });

  t.test('a refusal after Enter stays, whatever polls say, until the next press', async (t) => {
    const { page, context } = await visit(t);
    await page.goto(`${url}/rooms/demo`);
    await page.locator('.headline').waitFor();
    const device = await deviceOf(context);
    room.set(device, { state: 'called', until: Date.now() + 60_000 });
    await page.locator('.button-turn').waitFor();
    // Gone between the last look and the press.
    await page.route('**/api/booking/entry', (route) =>
      route.fulfill({ status: 403, contentType: 'application/problem+json', body: '{"code":"holder-mismatch"}' }),
    );
    await page.locator('.button-turn').click();
    const words = page.getByText(en['queue.other-browser'], { exact: true });
    await words.waitFor();
    for (let poll = 0; poll < 3; poll += 1) {
      await page.waitForResponse('**/places/me');
      t.equal(await words.isVisible(), true, 'still there after a poll');
    }
    await page.unroute('**/api/booking/entry');
    await page.locator('.scene .button-primary').click();
    await page.waitForURL('**/shows/demo');
  });

  t.test('six tabs without sockets: one asks, all move, and none speaks of trouble', async (t) => {
    room.noSockets = true;
    room.looksMax = 3;
    t.teardown(() => Object.assign(room, { noSockets: false, looksMax: Infinity }));
    const fan = await visit(t, 'phone');
    const { page, context } = fan;
    room.fillLine(60);
    await page.goto(`${url}/rooms/demo`);
    await untilAhead(page, 60);
    const tabs = [page];
    for (let tab = 2; tab <= 6; tab += 1) {
      const more = await context.newPage();
      await more.goto(`${url}/rooms/demo`);
      await untilAhead(more, 60);
      tabs.push(more);
    }
    const from = room.requests.length;
    const began = Date.now();
    room.advance(20);
    await Promise.all(tabs.map((tab) => untilAhead(tab, 40)));
    room.advance(20);
    await Promise.all(tabs.map((tab) => untilAhead(tab, 20)));
    const seconds = Math.max(4, (Date.now() - began) / 1_000);
    const asked = room.requests.slice(from).filter(({ url }) => /frame|places/.test(url)).length;
    t.ok(asked <= seconds * 1.2 + 4, `${asked} questions in ${seconds.toFixed(1)} s, as one tab puts them`);
    for (const tab of tabs) t.equal(await tab.locator('.note-warn').count(), 0);
    await tabs.pop()?.close();
    await tabs.pop()?.close();
    room.advance(10);
    await Promise.all(tabs.map((tab) => untilAhead(tab, 10)));
    t.pass('the lead passes on when its tab is closed');
    room.set(await deviceOf(context), { state: 'called', until: Date.now() + 60_000 });
    await Promise.all(tabs.map((tab) => tab.locator('.button-turn').waitFor()));
    await (tabs[1] as Page).getByRole('button', { name: en['queue.leave'] }).click();
    await (tabs[1] as Page).getByRole('button', { name: en['queue.leave-yes'] }).click();
    await Promise.all(tabs.map((tab) => tab.getByText(en['queue.left'], { exact: true }).waitFor()));
    t.same(fan.complaints.filter((words) => !words.includes('WebSocket')), [], 'but for the handshakes that this test refuses');
  });

  /** What Chrome's translator does: every text node goes, two elements with another one stand in its place; and again for what comes later. */
  const translate = (page: Page): Promise<unknown> =>
    page.evaluate(`{
      const wrap = (root) => {
        const texts = [];
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) texts.push(walker.currentNode);
        for (const text of texts) {
          if (text.data.trim() === '' || text.parentElement?.closest('font, script, style, svg, option') !== null) continue;
          const [outer, inner] = [document.createElement('font'), document.createElement('font')];
          inner.textContent = '«' + text.data + '»';
          outer.append(inner);
          text.replaceWith(outer);
        }
      };
      wrap(document.body);
      const later = (node) => node.isConnected && node.nodeName !== 'FONT' && wrap(node.parentNode);
      const observer = new MutationObserver((changes) => changes.forEach(({ addedNodes }) => addedNodes.forEach(later)));
      observer.observe(document.body, { childList: true, subtree: true });
    }`);

  t.test('a translated page goes on: line, turn, seats, payment', async (t) => {
    const fan = await visit(t, 'desktop');
    const { page, context } = fan;
    room.fillLine(40);
    await page.goto(`${url}/rooms/demo`);
    await untilAhead(page, 40);
    await translate(page);
    room.advance(15);
    await untilAhead(page, '«25»');
    room.phase = 'paused';
    room.reason = 'paused';
    room.push();
    await page.getByText(`«${en['reason.paused']}»`).waitFor();
    Object.assign(room, { phase: 'open', reason: null });
    room.advance(25);
    await page.getByText(`«${en['queue.ahead-none']}»`).waitFor();
    room.set(await deviceOf(context), { state: 'called', until: Date.now() + 60_000 });
    await page.locator('.button-turn').waitFor();
    const clock = await page.locator('.clock-figure').innerText();
    await page.locator('.clock-figure', { hasNotText: clock }).waitFor();
    await page.locator('.button-turn').click();
    await page.waitForURL('**/shows/demo');
    await page.locator('.best .button').waitFor();
    await translate(page);
    await page.locator('.best .button').click();
    await page.locator('.held').waitFor();
    await page.locator('.held .button-primary').click();
    await page.locator('.checkout-form .button-primary').click();
    await page.locator('#refuse').click();
    await page.getByText(en['pay.refused'], { exact: true }).waitFor();
    await translate(page);
    await page.locator('.checkout-form .button-primary').click();
    await page.locator('#approve').click();
    await page.locator('.qr').first().waitFor();
    t.same(fan.complaints, [], 'nothing was thrown');
  });

  t.test('control: a page that changes a text node freezes under the same translator', async (t) => {
    const { page } = await visit(t);
    await page.goto(`${url}/me`);
    await page.evaluate(`{
      const line = document.createElement('p');
      globalThis.figure = document.createTextNode('1');
      line.id = 'line';
      line.append(figure);
      document.querySelector('main').append(line);
    }`);
    await translate(page);
    await page.evaluate(`figure.data = '2'`);
    t.equal(await page.locator('#line').innerText(), '«1»');
  });

  t.test('seats choose in a translated page too', async (t) => {
    const fan = await visit(t, 'desktop');
    const { page } = fan;
    await walkInside(stage, fan);
    await translate(page);
    await page.locator('.tab').nth(1).click();
    await page.locator('.section-button:enabled').first().click();
    const seat = page.locator('.seat-0').first();
    await seat.click();
    await page.locator('.basket-seats li').waitFor();
    await page.locator('.take-out').click();
    await page.locator('.basket-seats li').waitFor({ state: 'detached' });
    t.same(fan.complaints, []);
  });
}
