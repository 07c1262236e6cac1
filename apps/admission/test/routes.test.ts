import t from 'tap';
import { bindingOf, publicKeysOf, verifyEntryToken, type HolderSecret } from '@onsale/entry-token';
import { INTERNAL_SECRET_HEADER, type EntryReply, type PlaceReply, type Problem, type RoomReply } from '@onsale/contract';
import type { RoomId } from '@onsale/kernel';
import { configure, sweep } from '@onsale/waiting-room';
import { bearer, joinRoom, newKey, ORIGIN, pathOf, startAdmission, type Running } from './start-admission.ts';

const running: Running = await startAdmission();
t.teardown(() => running.close());
const { app } = running.admission;

t.test('joining: 201, again 200 and the same place; the reply says what a fan needs', async (t) => {
  const { room } = await running.makeRoom();
  const clientKey = newKey();
  const first = await app.inject({ method: 'POST', url: pathOf(room, '/places'), payload: { clientKey } });
  const again = await app.inject({ method: 'POST', url: pathOf(room, '/places'), payload: { clientKey } });
  const behind = await joinRoom(running, room);
  t.equal(first.statusCode, 201);
  t.equal(again.statusCode, 200);
  const me = first.json<PlaceReply>();
  t.equal(again.json<PlaceReply>().place, me.place);
  t.match(me, { state: 'waiting', phase: 'open', position: 1, epoch: 1, missedCalls: 0, maxMisses: 2, needsReturn: false, remainingMs: null });
  t.equal(behind.me.position, 2);
  t.ok(me.pollAfterMs <= 2_000, 'near the front the next question is soon');
  t.equal(first.headers['cache-control'], 'no-store');
});

t.test('joining needs an identity of the right shape, an origin of ours and an open room', async (t) => {
  const { room } = await running.makeRoom();
  const closed = await running.makeRoom({ phase: 'closed' });
  const later = await running.makeRoom({ phase: 'scheduled', opensAtMs: Date.now() + 60_000 });
  const account = await running.makeRoom({ identity: 'account' });
  const post = (slug: string, payload: object, headers = {}) => app.inject({ method: 'POST', url: pathOf(slug, '/places'), payload, headers });
  t.match((await post(room, {})).json(), { status: 428, code: 'no-identity' });
  t.match((await post(account.room, { clientKey: newKey() })).json(), { status: 428, code: 'no-identity' });
  t.match((await post(room, { clientKey: 'short' })).json(), { status: 400, code: 'bad-request' });
  t.match((await post(room, { clientKey: newKey() }, { origin: 'https://elsewhere.example' })).json(), { status: 403, code: 'origin-refused' });
  t.match((await post(closed.room, { clientKey: newKey() })).json(), { status: 409, code: 'room-not-open' });
  const early = await post(later.room, { clientKey: newKey() });
  t.match(early.json(), { status: 409, code: 'room-not-open', phase: 'scheduled' });
  t.ok(early.json<Problem>().retryAfterMs! > 50_000);
  t.match((await post(room, { clientKey: newKey() }, { 'accept-language': 'ko' })).statusCode, 201);
});

t.test('a finished identity joins anew only where the room allows it', async (t) => {
  const once = await running.makeRoom({ rejoin: false });
  const { clientKey, receipt } = await joinRoom(running, once.room);
  t.equal((await app.inject({ method: 'DELETE', url: pathOf(once.room, '/places/me'), headers: bearer(receipt) })).statusCode, 204);
  t.match((await app.inject({ method: 'POST', url: pathOf(once.room, '/places'), payload: { clientKey } })).json(), { status: 409, code: 'rejoin-refused' });
});

t.test('the place: by receipt, by cookie; without, with a foreign or a forged one it is refused', async (t) => {
  const { room } = await running.makeRoom();
  const other = await running.makeRoom();
  const { me, receipt } = await joinRoom(running, room);
  const get = (headers: Record<string, string>, slug: string = room) => app.inject({ url: pathOf(slug, '/places/me'), headers });
  t.match((await get(bearer(receipt))).json(), { place: me.place, state: 'waiting', position: 1 });
  t.match((await get({})).json(), { status: 401, code: 'no-receipt' });
  t.match((await get(bearer('nonsense'))).json(), { status: 401, code: 'bad-receipt' });
  t.match((await get(bearer(receipt), other.room)).json(), { status: 401, code: 'bad-receipt' });
  const broken = receipt.slice(0, -2) + (receipt.endsWith('AA') ? 'BB' : 'AA');
  t.match((await get(bearer(broken))).json(), { status: 401, code: 'bad-receipt' });
  t.match((await get(bearer('x'.repeat(5_000)))).json(), { status: 401, code: 'bad-receipt' });
});

t.test('the device cookie is an identity: set once, kept, and worth a place', async (t) => {
  const { room } = await running.makeRoom();
  const headers = { origin: ORIGIN };
  const device = await app.inject({ method: 'POST', url: '/api/admission/device', headers });
  t.equal(device.statusCode, 204);
  const set = String(device.headers['set-cookie']);
  t.match(set, /^onsale_device=v1\..*; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
  const cookie = set.split(';')[0] as string;
  const again = await app.inject({ method: 'POST', url: '/api/admission/device', headers: { ...headers, cookie } });
  t.equal(String(again.headers['set-cookie']).split(';')[0], cookie, 'a sound cookie is kept');
  const join = (sent: Record<string, string>) => app.inject({ method: 'POST', url: pathOf(room, '/places'), payload: {}, headers: sent });
  t.match((await app.inject({ url: pathOf(room, '/places/me'), headers: { cookie } })).json(), { status: 401, code: 'no-receipt' }, 'no place yet');
  const joined = await join({ ...headers, cookie: `a=1; ${cookie}; b=2` });
  t.equal(joined.statusCode, 201);
  const mine = await app.inject({ url: pathOf(room, '/places/me'), headers: { cookie } });
  t.equal(mine.json<PlaceReply>().place, joined.json<PlaceReply>().place);
  const forged = cookie.slice(0, -1) + (cookie.endsWith('A') ? 'E' : 'A');
  t.match((await join({ ...headers, cookie: forged })).json(), { status: 428, code: 'no-identity' });
  t.match((await join({ cookie })).json(), { status: 403, code: 'origin-refused' }, 'a cookie without an origin proves nothing');
});

t.test('under TLS the device cookie is Secure and bound to the host', async (t) => {
  const secure = await startAdmission({ secureCookies: true, publicOrigins: ['https://fans.example'], publicOrigin: 'https://fans.example' });
  t.teardown(() => secure.close());
  const device = await secure.admission.app.inject({ method: 'POST', url: '/api/admission/device', headers: { origin: 'https://fans.example' } });
  t.match(String(device.headers['set-cookie']), /^__Host-onsale_device=.*; Path=\/; .*HttpOnly; SameSite=Lax; Secure$/);
});

t.test('who asks early again and again is asked to wait; who waits is heard', async (t) => {
  const { room } = await running.makeRoom();
  const { receipt } = await joinRoom(running, room);
  const ask = () => app.inject({ url: pathOf(room, '/places/me'), headers: bearer(receipt) });
  for (let early = 0; early < 3; early += 1) t.equal((await ask()).statusCode, 200);
  const refused = await ask();
  t.match(refused.json(), { status: 429, code: 'rate-limited' });
  t.ok(Number(refused.headers['retry-after']) >= 1);
  await new Promise((resolve) => setTimeout(resolve, refused.json<Problem>().retryAfterMs!));
  t.equal((await ask()).statusCode, 200);
});

t.test('leaving ends the place; again nothing more happens', async (t) => {
  const { room } = await running.makeRoom();
  const first = await joinRoom(running, room);
  const behind = await joinRoom(running, room);
  const leave = () => app.inject({ method: 'DELETE', url: pathOf(room, '/places/me'), headers: bearer(first.receipt) });
  t.equal((await leave()).statusCode, 204);
  t.equal((await leave()).statusCode, 204);
  t.match((await app.inject({ url: pathOf(room, '/places/me'), headers: bearer(first.receipt) })).json(), { state: 'left', position: null });
  t.match((await app.inject({ url: pathOf(room, '/places/me'), headers: bearer(behind.receipt) })).json(), { position: 1 });
  for (const verb of ['return', 'entry']) {
    const late = await app.inject({ method: 'POST', url: pathOf(room, `/places/me/${verb}`), headers: bearer(first.receipt) });
    t.match(late.json(), { status: 410, code: 'place-ended' }, verb);
  }
});

t.test('a missed call: absent until the fan presses "I am back", once', async (t) => {
  const { room } = await running.makeRoom({ callMs: 100 });
  const { receipt } = await joinRoom(running, room);
  await running.call(room);
  const get = async () => (await app.inject({ url: pathOf(room, '/places/me'), headers: bearer(receipt) })).json<PlaceReply>();
  t.match(await get(), { state: 'called', position: null });
  await missTheCall(room);
  t.match(await get(), { state: 'absent', needsReturn: true, missedCalls: 1 });
  const back = () => app.inject({ method: 'POST', url: pathOf(room, '/places/me/return'), headers: bearer(receipt) });
  t.match((await back()).json(), { state: 'waiting', position: 1, needsReturn: false });
  t.match((await back()).json(), { state: 'waiting', position: 1 });
});

/** Moves the room clock past the call's time without calling anybody else, and sweeps. */
async function missTheCall(room: RoomId): Promise<void> {
  for (let step = 0; step < 20; step += 1) {
    await running.tick(room);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const swept = await sweep(running.connection, room);
    if ('missed' in swept && swept.missed.length > 0) return;
  }
}

t.test('entering: not before the call; the same token on every press; redeemed once, by its holder', async (t) => {
  const { room } = await running.makeRoom();
  const { clientKey, receipt, me } = await joinRoom(running, room);
  const enter = () => app.inject({ method: 'POST', url: pathOf(room, '/places/me/entry'), headers: bearer(receipt) });
  const early = await enter();
  t.match(early.json(), { status: 409, code: 'not-called', position: 1 });
  await running.call(room);
  const [first, second] = [await enter(), await enter()];
  t.equal(first.statusCode, 200);
  const { entryToken, shows, remainingMs } = first.json<EntryReply>();
  t.equal(second.json<EntryReply>().entryToken, entryToken, 'byte for byte');
  t.same(shows, [{ show: 'arena', href: '/shows/arena' }]);
  t.ok(remainingMs > 0 && remainingMs <= 180_000);
  const keys = publicKeysOf((await app.inject({ url: '/api/admission/.well-known/jwks.json' })).json());
  const verified = verifyEntryToken(entryToken, { keys, nowMs: Date.now(), binding: bindingOf(clientKey as HolderSecret), room, iss: ORIGIN });
  t.ok(verified.ok, JSON.stringify(verified));
  if (!verified.ok) return;
  const { callNo, epoch, cnf } = verified.value;

  const redeem = (body: object, headers: Record<string, string> = { [INTERNAL_SECRET_HEADER]: running.config.secrets.internal[0] as string }) =>
    app.inside.inject({ method: 'POST', url: `/rooms/${room}/redeem`, payload: body, headers });
  const claims = { place: me.place, epoch, callNo, binding: cnf.kh };
  t.match((await redeem(claims, {})).json(), { status: 403, code: 'forbidden' });
  t.match((await redeem(claims, { [INTERNAL_SECRET_HEADER]: 'x'.repeat(43) })).json(), { status: 403, code: 'forbidden' });
  t.match((await redeem({ ...claims, epoch: 2 })).json(), { status: 400, code: 'bad-request' });
  t.match((await redeem({ ...claims, binding: 'A'.repeat(43) })).json(), { word: /used|unknown|lapsed/ });
  t.match((await redeem(claims)).json(), { word: 'redeemed' });
  t.match((await redeem(claims)).json(), { word: 'again' });
  t.match((await redeem({ ...claims, binding: 'A'.repeat(43) })).json(), { word: 'used', remainingMs: 0 });
  t.match((await app.inject({ url: pathOf(room, '/places/me'), headers: bearer(receipt) })).json(), { state: 'redeemed' });
});

t.test('entering by receipt is tied to the cookie that comes along: one that was lost in line has a successor', async (t) => {
  const { room } = await running.makeRoom();
  const headers = { origin: ORIGIN };
  const device = async (): Promise<string> =>
    String((await app.inject({ method: 'POST', url: '/api/admission/device', headers })).headers['set-cookie']).split(';')[0] as string;
  const [lost, renewed] = [await device(), await device()];
  const joined = await app.inject({ method: 'POST', url: pathOf(room, '/places'), payload: {}, headers: { ...headers, cookie: lost } });
  const receipt = joined.json<PlaceReply>().receipt as string;
  await running.call(room);
  const enter = (sent: Record<string, string>) => app.inject({ method: 'POST', url: pathOf(room, '/places/me/entry'), headers: { ...headers, ...sent } });
  t.match((await enter({ cookie: renewed })).json(), { status: 401, code: 'no-receipt' }, 'the new cookie alone has no place');
  const entered = await enter({ ...bearer(receipt), cookie: renewed });
  t.equal(entered.statusCode, 200);
  t.equal((await enter({ ...bearer(receipt), cookie: renewed })).json<EntryReply>().entryToken, entered.json<EntryReply>().entryToken);
  t.match((await enter(bearer(receipt))).json(), { status: 403, code: 'holder-mismatch' }, 'the one who joined is not the one who is tied to it any more');
  t.match((await enter({ ...bearer(receipt), cookie: lost })).json(), { status: 403, code: 'holder-mismatch' });
});

t.test('the internal listener serves nothing of the public one, and the public one no redeem', async (t) => {
  const { room } = await running.makeRoom();
  t.equal((await app.inject({ method: 'POST', url: `/rooms/${room}/redeem`, payload: {} })).statusCode, 404);
  t.equal((await app.inside.inject({ url: pathOf(room) })).statusCode, 404);
});

t.test('room and frame: from the same reading, cacheable for a second, 304 to who has it', async (t) => {
  const settings = await running.makeRoom();
  const { room } = settings;
  await joinRoom(running, room);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const shown = await app.inject({ url: pathOf(room) });
  t.match(shown.json<RoomReply>(), { room, phase: 'open', epoch: 1, shows: ['arena'], identity: 'device', present: 1, opensInMs: null });
  t.match(shown.headers['cache-control'], /max-age=1/);
  const frame = await app.inject({ url: pathOf(room, '/frame') });
  t.match(frame.json(), { type: 'frame', room, epoch: 1, phase: 'open', present: 1, calledThrough: null, marks: [[Number, 0]] });
  const again = await app.inject({ url: pathOf(room, '/frame'), headers: { 'if-none-match': String(frame.headers['etag']) } });
  t.equal(again.statusCode, 304);
  t.equal(again.body, '');
});

t.test('what is no slug is not found', async (t) => {
  for (const slug of ['NO', '-a', 'a'.repeat(60), '..%2f..']) t.ok([400, 404].includes((await app.inject({ url: pathOf(slug) })).statusCode), slug);
});

t.test('settings that change are seen within a second', async (t) => {
  const settings = await running.makeRoom();
  await joinRoom(running, settings.room);
  await configure(running.connection, { ...settings, phase: 'paused', version: 2 });
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  t.match((await app.inject({ url: pathOf(settings.room) })).json(), { phase: 'paused' });
});
