import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { makeOnSale, openWholeSystem, TEST_OPERATOR, until } from '@onsale/testing';
import { chromiumIsHere, NO_CHROMIUM, openBrowser, openVisitor } from '@onsale/testing/browser';
import { createOperator, createPasswordHasher } from '@onsale/control';
import { openPool } from '@onsale/database';
import { join as joinRoom, openRoomConnection, readGauges, type RoomGauges } from '@onsale/waiting-room';

/**
 * An operator in a real browser on the real system, while fans wait: signs in, sees the figures move, turns the knobs, pauses and goes on,
 * and the room does as it is told at once; on a phone and on a wide screen, in both languages.
 */
const SHOTS = resolve(import.meta.dirname, '../../../../.data/screenshots');
const STEP_MS_MAX = 20_000;
const FANS = 200;
/** Ten calls at the rates that are set here. */
const PAUSE_MS = 1_000;
const GATE = { name: 'gate', password: 'another long password' } as const;

if (!chromiumIsHere()) {
  t.pass(`${NO_CHROMIUM} on this machine: the operator's journey was skipped`, { skip: NO_CHROMIUM });
} else {
  mkdirSync(SHOTS, { recursive: true });
  t.comment(`screenshots are in ${SHOTS}`);
  const system = await openWholeSystem({ processes: { admission: 1, booking: 1, worker: 1, ops: 1, web: 1 } });
  const browser = await openBrowser();
  const connection = openRoomConnection(system.redis.url);
  t.teardown(async () => {
    await browser.close();
    await connection.close();
    await system.close();
  });
  const { room } = await makeOnSale(system, { ratePerMinute: 60, capacity: 1_000 });
  const pool = openPool({ url: system.mariadb.url, connections: 1 });
  await createOperator({ pool, hasher: createPasswordHasher({ logN: 10 }) }, { ...GATE, role: 'gate' }, { actor: 'test', cause: '' });
  await pool.close();
  await connection.ready();
  const joinFans = (crowd: number): Promise<unknown> =>
    joinRoom(connection, room, Array.from({ length: FANS }, (_, n) => ({ identity: Buffer.alloc(16, `fan ${crowd} ${n} `) })));
  const console = system.apps('ops')[0]?.url ?? '';
  const gauges = async (): Promise<RoomGauges> => {
    const reply = await readGauges(connection, room);
    if (reply.word !== 'gauges') throw new Error(reply.word);
    return reply;
  };

  for (const [n, [size, language]] of ([['phone', 'ko'], ['phone', 'en'], ['desktop', 'ko'], ['desktop', 'en']] as const).entries()) {
    t.test(`${size}, ${language}: signs in, turns the knobs, pauses and goes on`, { timeout: 90_000 }, async (t) => {
      const { context, page, complaints } = await openVisitor(browser, size, language, { stepMs: STEP_MS_MAX });
      t.teardown(() => context.close());
      const shoot = async (scene: string, fullPage = false): Promise<void> =>
        void (await page.screenshot({ path: join(SHOTS, `${size}-${language}-ops-${scene}.png`), fullPage }));
      const signIn = async (name: string, password: string): Promise<void> => {
        await page.locator('input[name=name]').fill(name);
        await page.locator('input[name=password]').fill(password);
        await page.locator('.sign-in .button-primary').click();
      };
      await joinFans(n);
      await page.goto(console);
      await signIn(TEST_OPERATOR.name, 'not the right password');
      await page.locator('.note-bad').waitFor();
      await shoot('1-refused');
      await signIn(TEST_OPERATOR.name, TEST_OPERATOR.password);
      await page.locator('.tiles').waitFor();
      t.equal(await page.locator('html').getAttribute('lang'), language);
      await page.locator('.link-socket').waitFor();
      t.equal(await page.locator('.charts .plot svg').count(), 6);
      const drawn = (): Promise<string | null> => page.locator('.charts').first().innerHTML();
      const before = await drawn();
      await until('the charts move', async () => (await drawn()) !== before);

      const rate = 600 + 60 * n;
      await page.locator('input[name=ratePerMinute]').fill('-5');
      await page.locator('.knob .note-bad').waitFor();
      t.equal(await page.locator('.control form .button-primary').first().isDisabled(), true, 'what is no rate cannot be applied');
      await page.locator('input[name=ratePerMinute]').fill(String(rate));
      await page.locator('input[name=capacity]').fill(String(1_350 + n));
      await shoot('2-knobs');
      await page.locator('.control form .button-primary').first().click();
      await until('rate and capacity are in force', async () => {
        const { settings } = await gauges();
        return settings.ratePerMinute === rate && settings.capacity === 1_350 + n;
      });

      await page.locator('.button-pause').click();
      await until('paused', async () => (await gauges()).phase === 'paused');
      await page.locator('.phases .button-primary').waitFor();
      const { totals } = await gauges();
      await shoot('3-paused');
      await sleep(PAUSE_MS);
      t.equal((await gauges()).totals.called, totals.called, 'nobody is called meanwhile');
      await page.locator('.phases .button-primary').click();
      await until('open, and fans are called', async () => (await gauges()).totals.called > totals.called);
      t.equal(await page.locator('.control .note-warn').count(), 0, 'nothing waits to be carried over');
      await page.locator('.invariants .button').click();
      await page.locator('.checks').waitFor();
      await shoot('4-whole', true);
      t.ok((await page.locator('.log li').count()) >= 3, 'what was done stands in the log');
      t.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, 'nothing sticks out');

      await page.locator('.top .button-quiet').click();
      await page.locator('.sign-in').waitFor();
      await page.reload();
      await page.locator('.sign-in').waitFor();
      t.same(complaints, [], 'the pages complained of nothing');
    });
  }

  t.test('gate staff are told that the console is not for them', { timeout: 60_000 }, async (t) => {
    const { context, page } = await openVisitor(browser, 'desktop', 'en', { stepMs: STEP_MS_MAX });
    t.teardown(() => context.close());
    await page.goto(console);
    await page.locator('input[name=name]').fill(GATE.name);
    await page.locator('input[name=password]').fill(GATE.password);
    await page.locator('.sign-in .button-primary').click();
    await page.locator('main .note-bad').waitFor();
    t.match(await page.locator('main').innerText(), /for operators and organisers\..*sign in with another one/s);
    t.equal(await page.locator('.control').count(), 0);
    await page.screenshot({ path: join(SHOTS, 'desktop-en-ops-5-gate.png') });
  });
}
