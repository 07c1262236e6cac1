import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { chromiumIsHere, NO_CHROMIUM, type SizeName } from '@onsale/testing/browser';
import { pressEach, watchPresses, type Pressed } from '@onsale/testing/press-each';
import { en } from '../src/texts/en.ts';
import { deviceOf, openStage, placeInside } from './fake/stage.ts';

/**
 * Every button in every state of every page that a fan can reach, pressed two and three times: no control but the pressed one takes a press,
 * each effect on the server happens once, and what cannot be taken back only as an answer to a question.
 */
const CANNOT_BE_TAKEN_BACK = ['holds given back', 'orders cancelled', 'sessions ended', 'places left'] as const;
const TRIES = 5;

if (!chromiumIsHere()) {
  t.pass(NO_CHROMIUM, { skip: NO_CHROMIUM });
} else {
  t.setTimeout(480_000);
  const stage = await openStage(t as Test);
  const { room, office, url, visit } = stage;

  /** How often each thing has happened on the servers. */
  function effects(): Record<string, number> {
    const orders = [...office.orders.values()];
    return {
      'holds made': office.holds.length,
      'holds given back': office.holds.filter(({ state }) => state === 'released').length,
      'orders made': orders.length,
      'payments opened': orders.reduce((sum, { attempts }) => sum + attempts, 0),
      'orders cancelled': orders.filter(({ state }) => state === 'cancelled').length,
      'sessions made': office.sessions.size,
      'sessions ended': [...office.sessions.values()].filter((until) => until === 0).length,
      'places taken': room.places.size,
      'places left': [...room.places.values()].filter(({ state }) => state === 'left').length,
    };
  }

  /** A fan whom the servers can put into any state, and what the pages show then. */
  async function makeFan(t: Test, size: SizeName, unguarded: boolean) {
    const { page, context } = await visit(t, size);
    await context.addInitScript('sessionStorage.clear(); localStorage.clear()');
    const listen = await watchPresses(context, { unguarded });
    await placeInside(stage, context);
    const device = await deviceOf(context);
    await open(page, '/rooms/demo', '.headline');
    return { page, context, device, listen, scenes: scenesOf(page, device) };
  }

  async function open(page: Page, path: string, shows: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await page.goto(url + path);
        break;
      } catch (error) {
        // The presses may have left the page on its way elsewhere.
        if (tries === TRIES || !/interrupted|ERR_ABORTED/.test(String(error))) throw error;
      }
    }
    await page.locator(shows).first().waitFor();
  }

  function holdFor(device: string): (typeof office.holds)[number] {
    const seats = office.freeSeats(2, 20);
    const hold = { id: randomBytes(16).toString('base64url'), key: undefined, device, seats, until: Date.now() + 480_000, state: 'live' as const };
    office.holds.push(hold);
    office.change(seats, 1);
    return hold;
  }
  function orderFor(device: string, state: 'open' | 'paid'): string {
    const id = randomBytes(16).toString('base64url');
    office.orders.set(id, { id, key: id, hold: holdFor(device), state, attempts: 0, refusal: null });
    return id;
  }

  type Scenes = Readonly<Record<string, () => Promise<void>>>;
  function scenesOf(page: Page, device: string): Scenes {
    const click = async (name: string | RegExp): Promise<void> => {
      await page.evaluate(`for (const animation of document.getAnimations()) if (animation.animationName === 'fresh') animation.finish()`);
      await page.getByRole('button', { name, exact: typeof name === 'string' }).first().click();
    };
    const inLine = (state: Parameters<typeof room.set>[1], shows: string, path = '/rooms/demo') => async () => {
      room.set(device, { state: 'waiting', needsReturn: false, redeemed: false, missed: 0, until: Date.now() + 60_000, ...state });
      await open(page, path, shows);
    };
    /** Inside, with so many holds and nothing of what was before. */
    const inside = (holds: number, shows: string, path = '/shows/demo') => async () => {
      for (const hold of office.holds) {
        if (hold.state !== 'live') continue;
        hold.state = 'expired';
        office.change(hold.seats, 0);
      }
      office.sessions.set(device, Date.now() + 1_200_000);
      for (let made = 0; made < holds; made += 1) holdFor(device);
      await open(page, path, shows);
    };
    const then = (reach: () => Promise<void>, ...more: readonly (() => Promise<unknown>)[]) => async () => {
      await reach();
      for (const step of more) await step();
    };
    const list = then(inside(0, '.best'), () => click(en['seats.list']), () => page.locator('.section-button:enabled').first().waitFor());
    const section = then(list, () => page.locator('.section-button:enabled').first().click(), () => page.locator('.rows .seat-0').first().waitFor());
    const chosen = then(section, () => page.locator('.rows .seat-0').first().click(), () => page.locator('.basket-seats li').waitFor());
    const order = (state: 'open' | 'paid', shows: string, query = '') => async () => open(page, `/orders/${orderFor(device, state)}${query}`, shows);
    const plainSection = `/shows/demo?plain=1&section=${office.layout.sections[0]?.section}`;
    return {
      line: inLine({}, '.headline'),
      'leaving the line': then(inLine({}, '.headline'), () => click(en['queue.leave']), () => page.locator('dialog').waitFor()),
      called: inLine({ state: 'called' }, '.button-turn'),
      'has to come back': inLine({ state: 'absent', needsReturn: true, missed: 1 }, '.button-large'),
      left: inLine({ state: 'left' }, 'main .button'),
      hall: inside(0, '.best'),
      sections: list,
      section,
      chosen,
      held: inside(1, '.held'),
      'held twice': inside(2, '.held .note-warn'),
      'giving back': then(inside(1, '.held'), () => click(en['seats.release']), () => page.locator('dialog').waitFor()),
      'leaving the hall': then(inside(1, '.held'), () => click(en['seats.leave']), () => page.locator('dialog').waitFor()),
      swapping: then(inside(1, '.held'), () => click(en['seats.change']), () => page.locator('.basket-seats').waitFor()),
      checkout: inside(1, '.checkout-form', '/shows/demo/pay'),
      order: order('open', '.checkout-form'),
      'cancelling an order': then(order('open', '.checkout-form'), () => click(en['order.cancel']), () => page.locator('dialog').waitFor()),
      ticket: order('paid', '.qr'),
      'my tickets': async () => open(page, '/me', 'main h1'),
      'plain: line': inLine({}, '.scene .button', '/rooms/demo?plain=1'),
      'plain: leaving the line': inLine({}, '.plain-actions', '/rooms/demo?plain=1&ask=leave'),
      'plain: called': inLine({ state: 'called' }, '.scene .button', '/rooms/demo?plain=1'),
      'plain: left': inLine({ state: 'left' }, '.scene .button', '/rooms/demo?plain=1'),
      'plain: sections': inside(0, '.section-list', '/shows/demo?plain=1'),
      'plain: section': then(inside(0, '.plain-hold', plainSection), () => page.locator('.plain-seat input').first().check()),
      'plain: held twice': inside(2, '.held .note-warn', '/shows/demo?plain=1'),
      'plain: leaving the hall': inside(1, '.plain-actions', '/shows/demo?plain=1&ask=leave'),
      'plain: giving back': then(
        inside(1, '.held', '/shows/demo?plain=1'),
        () => page.locator('.held .button-quiet').click(),
        () => page.locator('.plain-actions').waitFor(),
      ),
      'plain: order': order('open', 'form .button', '?plain=1'),
      'plain: cancelling an order': order('open', '.plain-actions', '?plain=1&ask=cancel'),
    };
  }

  const isHall = (scene: string): boolean => /hall|section|chosen|held|giving|swapping|checkout/.test(scene);
  for (const [size, times, among] of [['desktop', 3, () => true], ['phone', 2, isHall]] as const) {
    t.test(`${size}: every button pressed ${times} times`, async (t) => {
      const { page, listen, scenes } = await makeFan(t as Test, size, false);
      const seen = new Set<string>();
      const known = new Set<string>();
      let controls = 0;
      for (const [scene, reachIt] of Object.entries(scenes).filter(([name]) => among(name))) {
        let before = effects();
        const reach = async (): Promise<void> => {
          await reachIt();
          before = effects();
        };
        const pressed = ({ control, answersQuestion, others }: Pressed): void => {
          const after = effects();
          const changed = Object.keys(after).filter((what) => (after[what] ?? 0) > (before[what] ?? 0));
          for (const what of changed) seen.add(what);
          const where = `${scene}: “${control}”`;
          t.same(others, [], `${where}: no other control takes a press`);
          t.same(changed.filter((what) => (after[what] ?? 0) - (before[what] ?? 0) > 1), [], `${where}: what happens, happens once`);
          if (!answersQuestion) t.same(changed.filter((what) => CANNOT_BE_TAKEN_BACK.some((harm) => harm === what)), [], `${where}: nothing is lost`);
          before = after;
        };
        controls += await pressEach(page, { listen, times, known, reach, pressed });
      }
      t.comment(`${controls} buttons: ${[...seen].join(', ')}`);
      t.ok(controls >= 25, `${controls} buttons`);
      const wanted = size === 'desktop' ? ['holds made', 'orders made', 'payments opened', ...CANNOT_BE_TAKEN_BACK] : ['holds made', 'holds given back'];
      for (const what of wanted) t.ok(seen.has(what), what);
    });
  }

  t.test('control: without the guard a press is taken by what has just appeared', async (t) => {
    const { page, listen, scenes } = await makeFan(t as Test, 'phone', true);
    const harm: Pressed[] = [];
    const pressed = (press: Pressed): void => void (press.others.length > 0 && harm.push(press));
    for (const scene of ['chosen', 'hall']) {
      if (harm.length === 0) await pressEach(page, { listen, times: 12, known: new Set(), reach: scenes[scene] as () => Promise<void>, pressed });
    }
    t.ok(harm.length > 0);
    t.comment(JSON.stringify(harm));
  });
}
