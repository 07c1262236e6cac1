import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADMISSION_PREFIX, type PlaceReply } from '@onsale/contract';
import { openWire, type Wire } from '@onsale/robot-fan';
import { makeOnSale, openWholeSystem, until } from '@onsale/testing';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';

/*
 * 120 forgotten tabs at the front, more than are called in one callMs: without the rule the line would stand for ever. Their sockets say
 * that they are alive, and nobody presses. Behind them stand fans who enter when they are called.
 *
 * Real processes, so callMs is 5 s. With 60 s and 120 calls a minute, in virtual time: packages/waiting-room/test/line-life.test.ts.
 */
const TABS = 120;
const FANS = 40;
const ROOM = { ratePerMinute: 900, callMs: 5_000, capacity: null, maxMisses: 10 };
/** Sockets may say something twenty times between two pings, 25 s apart. */
const ALIVE_EVERY_MS = 1_500;
/** All tabs and all fans are called within 11 s. */
const CONTROL_MS = 16_000;
const PLACES = `${ADMISSION_PREFIX}/rooms/demo/places`;
const PRESS_OFF = ['--import', new URL('press-off.ts', import.meta.url).href];

type Line = { readonly entered: () => number; readonly tabCalls: () => number };

async function standInLine(t: Test, nodeArgs: readonly string[]): Promise<Line> {
  const system = await openWholeSystem({ processes: { admission: 1, worker: 1 }, nodeArgs });
  t.teardown(() => system.close());
  await makeOnSale(system, ROOM);
  const wire = openWire(system.apps('admission')[0]?.url ?? '', 16);
  t.teardown(() => wire.close());
  const counts = { entered: 0, tabCalls: 0 };
  const tabs = await joinMany(wire, TABS);
  for (const receipt of tabs)
    stand(t, wire, receipt, () => {
      counts.tabCalls += 1;
    });
  for (const receipt of await joinMany(wire, FANS)) {
    stand(t, wire, receipt, async () => {
      const answer = await wire.send('POST', `${PLACES}/me/entry`, { headers: { authorization: `Bearer ${receipt}` } });
      if (answer.status === 200) counts.entered += 1;
    });
  }
  return { entered: () => counts.entered, tabCalls: () => counts.tabCalls };
}

async function joinMany(wire: Wire, count: number): Promise<string[]> {
  const answers = await Promise.all(
    Array.from({ length: count }, () => wire.send<PlaceReply>('POST', PLACES, { body: { clientKey: randomBytes(16).toString('base64url') } })),
  );
  return answers.map(({ status, body }) => {
    if (status !== 201 || body.receipt === undefined) throw new Error(`join: ${status}`);
    return body.receipt;
  });
}

/** An open page: a socket that says it is alive, and hears when its turn has come. */
function stand(t: Test, wire: Wire, receipt: string, onCalled: () => unknown): void {
  const path = `${ADMISSION_PREFIX}/rooms/demo/socket`;
  const socket = new WebSocket(wire.originOf(path).replace(/^http/, 'ws') + path, { perMessageDeflate: false });
  const alive = setInterval(() => {
    if (socket.readyState === WebSocket.OPEN) socket.send('{"type":"alive"}');
  }, ALIVE_EVERY_MS);
  let state = '';
  socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', receipt })));
  socket.on('message', (data) => {
    const { me } = JSON.parse(String(data)) as { me?: PlaceReply };
    if (me === undefined) return;
    if (me.state === 'called' && state !== 'called') void onCalled();
    state = me.state;
  });
  socket.on('error', () => undefined);
  t.teardown(() => {
    clearInterval(alive);
    socket.terminate();
  });
}

t.test('120 forgotten tabs cost one call each, and the line moves', { timeout: 90_000 }, async (t) => {
  const line = await standInLine(t, []);
  await until('everybody behind the tabs is in', () => line.entered() === FANS, 60_000);
  t.equal(line.tabCalls(), TABS, 'each tab was called once');
});

t.test('negative control: when a sign of life brings a missed place back the line stands still', { timeout: 90_000 }, async (t) => {
  const line = await standInLine(t, PRESS_OFF);
  await until('the tabs are called a second time', () => line.tabCalls() > TABS, 60_000);
  await sleep(CONTROL_MS / 2);
  t.ok(line.entered() <= FANS / 4, `${line.entered()} of ${FANS} fans are in`);
  t.ok(line.tabCalls() > 1.5 * TABS, `the tabs were called ${line.tabCalls()} times`);
});
