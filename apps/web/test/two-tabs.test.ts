import type { Page } from 'playwright-core';
import t from 'tap';
import type { HoldsReply } from '@onsale/contract';
import { chromiumIsHere, NO_CHROMIUM } from '@onsale/testing/browser';
import { en } from '../src/texts/en.ts';
import { openStage, placeInside, type Stage } from './fake/stage.ts';

/** Two tabs of one fan that hold at the same moment: both holds count towards the limit, so neither may be lost from sight. */
if (!chromiumIsHere()) {
  t.pass(NO_CHROMIUM, { skip: NO_CHROMIUM });
} else {
  t.setTimeout(240_000);
  const stage = await openStage(t);
  const { office, url, visit } = stage;
  type Fan = Awaited<ReturnType<Stage['visit']>>;
  const livingHolds = (): number => office.holds.filter(({ device, state }) => device === office.lastDevice && state === 'live').length;
  const others = (page: Page) => page.locator('.held .note-warn');

  /** The answers to both presses come after both presses: neither tab could hear of the other's hold before its own. */
  async function holdTwice(fan: Fan): Promise<Page> {
    await placeInside(stage, fan.context);
    const second = await fan.context.newPage();
    const tabs = [fan.page, second];
    const bothPressed = Promise.withResolvers<void>();
    let pressed = 0;
    await fan.context.route('**/holds', async (route) => {
      pressed += 1;
      if (pressed === tabs.length) bothPressed.resolve();
      await bothPressed.promise;
      await route.continue();
    });
    for (const tab of tabs) {
      await tab.goto(`${url}/shows/demo`);
      await tab.locator('.best .button').click({ trial: true });
    }
    for (const tab of tabs) await tab.locator('.best .button').click();
    await Promise.all(tabs.map((tab) => others(tab).waitFor()));
    t.equal(livingHolds(), 2);
    return second;
  }

  async function giveBack(page: Page, label: 'seats.second-release' | 'seats.release'): Promise<void> {
    await page.getByRole('button', { name: en[label], exact: true }).click();
    await page.getByRole('button', { name: en['seats.release-yes'], exact: true }).click();
  }

  t.test('one tab is closed and the other loaded anew: both holds are seen, and each is given back', async (t) => {
    const fan = await visit(t, 'desktop');
    const second = await holdTwice(fan);
    await second.close();
    await fan.page.reload();
    await others(fan.page).waitFor();
    await giveBack(fan.page, 'seats.second-release');
    await others(fan.page).waitFor({ state: 'detached' });
    t.equal(livingHolds(), 1);
    await giveBack(fan.page, 'seats.release');
    await fan.page.locator('.best').waitFor();
    t.equal(livingHolds(), 0);
    t.same(fan.complaints, []);
  });

  t.test('control: a page that is told of the newest alone does not see the other', async (t) => {
    const fan = await visit(t, 'desktop');
    const second = await holdTwice(fan);
    await second.close();
    await fan.context.route('**/holds/mine', async (route) => {
      const response = await route.fetch();
      const { holds } = (await response.json()) as HoldsReply;
      await route.fulfill({ response, json: { holds: holds.slice(0, 1) } });
    });
    await fan.page.reload();
    await fan.page.locator('.held').waitFor();
    t.equal(await others(fan.page).count(), 0);
  });

  t.test('the hold that is shown is given back: the one of the closed tab takes its place', async (t) => {
    const fan = await visit(t, 'desktop');
    const second = await holdTwice(fan);
    await second.close();
    await fan.page.reload();
    await others(fan.page).waitFor();
    await giveBack(fan.page, 'seats.release');
    await others(fan.page).waitFor({ state: 'detached' });
    await fan.page.locator('.held').waitFor();
    t.equal(livingHolds(), 1);
    t.same(fan.complaints, []);
  });

  t.test('without scripts the other hold is seen and given back too', async (t) => {
    const fan = await visit(t, 'desktop');
    await holdTwice(fan);
    const { page } = fan;
    await page.goto(`${url}/shows/demo?plain=1`);
    const shown = await page.locator('input[name=hold]').getAttribute('value');
    await others(page).getByRole('link', { name: en['seats.second-release'] }).click();
    t.not(await page.locator('input[name=hold]').getAttribute('value'), shown, 'it asks about the other');
    await page.getByRole('button', { name: en['seats.release'], exact: true }).click();
    await page.locator('.held').waitFor();
    t.equal(await others(page).count(), 0);
    t.equal(await page.locator('input[name=hold]').getAttribute('value'), shown);
    t.equal(livingHolds(), 1);
  });
}
