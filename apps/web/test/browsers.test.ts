import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { chromiumIsHere, NO_CHROMIUM } from '@onsale/testing/browser';
import { deviceOf, openStage, sayIn, shoot } from './fake/stage.ts';

/** Browsers that lack functions the pages use, or keep no cookies; and an address that somebody mistyped. */
/** All of them, on a machine that is busy with other tests. */
const JOURNEYS_MS = 240_000;

/** An address of the gateway by which no cookie ever comes back, as from a browser whose owner refuses them. */
async function withoutCookies(t: Test, url: string): Promise<string> {
  const server = createServer((asked, answer) => {
    const { cookie: _refused, origin, ...headers } = asked.headers;
    const passed = request(new URL(asked.url ?? '/', url), { method: asked.method, headers: { ...headers, ...(origin === undefined ? {} : { origin: url }) } });
    passed.once('response', (reply) => reply.pipe(answer.writeHead(reply.statusCode ?? 502, reply.headers)));
    passed.once('error', () => answer.destroy());
    asked.pipe(passed);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

if (!chromiumIsHere()) {
  t.pass(`${NO_CHROMIUM} on this machine: the journeys in a browser were skipped`, { skip: NO_CHROMIUM });
} else {
  t.setTimeout(JOURNEYS_MS);
  const stage = await openStage(t as Test);
  const { room, office, url, visit } = stage;

  t.test('a browser below the target gets the pages without scripts, with what the address says', async (t) => {
    for (const missing of ['AbortSignal.timeout', 'CanvasRenderingContext2D.prototype.roundRect', 'ResizeObserver']) {
      const { context, page, complaints } = await visit(t as Test, 'phone', 'en');
      await context.addInitScript((path) => {
        const names = path.split('.');
        const name = names.pop() ?? '';
        delete names.reduce((object: Record<string, never>, key) => object[key] as never, globalThis as never)[name];
      }, missing);
      await page.goto(`${url}/rooms/demo?lang=ko`);
      await page.getByRole('button', { name: sayIn('ko')('queue.join') }).waitFor();
      for (const path of missing === 'ResizeObserver' ? ['/shows/demo', '/me', `/orders/${'A'.repeat(22)}`] : []) {
        await page.goto(url + path);
        await page.waitForURL(`**${path}?plain=1`);
      }
      t.same(complaints, [], missing);
    }
  });

  t.test('the pages need no function that is newer than the target', async (t) => {
    const { context, page, complaints } = await visit(t as Test, 'phone', 'en');
    await context.addInitScript(() => {
      const newer: Record<string, readonly string[]> = {
        Array: ['fromAsync'], 'Array.prototype': ['toSorted', 'toReversed', 'toSpliced', 'with'], Object: ['groupBy'], Map: ['groupBy'],
        Promise: ['withResolvers', 'try'], AbortSignal: ['any'], URL: ['canParse', 'parse'], Set: [],
        'Set.prototype': ['union', 'intersection', 'difference', 'symmetricDifference', 'isSubsetOf', 'isSupersetOf', 'isDisjointFrom'],
        'String.prototype': ['isWellFormed', 'toWellFormed'], 'Uint8Array.prototype': ['toBase64', 'toHex', 'toSorted', 'with'],
        Uint8Array: ['fromBase64', 'fromHex'],
        RegExp: ['escape'], 'Document.prototype': ['startViewTransition'], 'Element.prototype': ['checkVisibility'],
      };
      for (const [path, names] of Object.entries(newer)) {
        const object = path.split('.').reduce((found: Record<string, never>, key) => found[key] as never, globalThis as never) as Record<string, unknown>;
        for (const name of names) delete object[name];
      }
      delete (globalThis as { Iterator?: unknown }).Iterator;
      delete (globalThis as { scheduler?: unknown }).scheduler;
    });
    await page.goto(`${url}/rooms/demo`);
    await page.locator('.headline').waitFor();
    const device = await deviceOf(context);
    office.sessions.set(device, Date.now() + 600_000);
    await page.goto(`${url}/shows/demo`);
    await page.locator('.best .button').click();
    await page.locator('.held .button-primary').click();
    await page.locator('.checkout-form .button-primary').click();
    await page.locator('#approve').click();
    await page.locator('.qr').first().waitFor();
    await page.goto(`${url}/me`);
    await page.locator('.order-line').first().waitFor();
    t.same(complaints, []);
  });

  t.test('cookies refused: with and without scripts the page says what to do, and takes no place', async (t) => {
    const before = room.places.size;
    for (const javaScriptEnabled of [true, false]) {
      const say = sayIn('ko');
      const { page } = await visit(t as Test, 'phone', 'ko', { javaScriptEnabled });
      await page.goto(`${await withoutCookies(t as Test, url)}/rooms/demo`);
      await page.getByText(say('queue.no-cookies'), { exact: true }).waitFor();
      if (!javaScriptEnabled) await page.getByRole('link', { name: say('shell.retry') }).click();
      await page.getByText(say('queue.no-cookies'), { exact: true }).waitFor();
      if (!javaScriptEnabled) await shoot(page, 'plain-phone-ko-no-cookies');
    }
    t.equal(room.places.size, before);
  });

  t.test('a mistyped room is 404 with a way on', async (t) => {
    for (const javaScriptEnabled of [true, false]) {
      const say = sayIn('en');
      const { page } = await visit(t as Test, 'phone', 'en', { javaScriptEnabled });
      const answer = await page.goto(`${url}/rooms/mistyped`);
      t.equal(answer?.status(), 404);
      await page.getByRole('link', { name: say('lost.home') }).click();
      await page.locator('.event-card').waitFor();
    }
  });
}
