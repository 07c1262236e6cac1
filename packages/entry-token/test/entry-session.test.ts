import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import t from 'tap';
import { parseRoomId, parseShowId, placeOf, seededRandom, valueOf, type RoomId, type ShowId } from '@onsale/kernel';
import {
  bindingOf, ENTRY_SESSION_LENGTH_MAX, heldBy, makeHolderSecret, opens, parseDeviceCookie, sessionIdOf, signDeviceCookie,
  signEntrySession, verifyEntrySession, type EntrySession,
} from '@onsale/entry-token';

const NOW = Date.UTC(2026, 10, 20, 11);
const KEY = createSecretKey(randomBytes(32));
const SECRET = makeHolderSecret();
const room = valueOf(parseRoomId('demo'));
const show = valueOf(parseShowId('demo'));
const binding = bindingOf(SECRET);
const place = placeOf(3, 77);
const session = (over: Partial<EntrySession> = {}): EntrySession => ({
  sid: sessionIdOf(KEY, { room, place, binding }), room, place, person: randomBytes(16), binding, shows: [show], untilMs: NOW + 60_000, ...over,
});
const kindOf = (text: unknown, nowMs = NOW, keys = [KEY]): string => {
  const verified = verifyEntrySession(text, keys, nowMs);
  return verified.ok ? 'ok' : verified.refusal.kind;
};

t.test('an entry session comes back as it was signed', async (t) => {
  const one = session({ shows: [show, valueOf(parseShowId('demo-2'))] });
  const text = signEntrySession(one, KEY);
  t.same(valueOf(verifyEntrySession(text, [KEY], NOW)), one);
  t.equal(signEntrySession(one, KEY), text);
  t.ok(opens(one, show));
  t.notOk(opens(one, 'demo-3' as ShowId));
  t.ok(heldBy(one, SECRET));
  t.notOk(heldBy(one, makeHolderSecret()));
  const longest = session({ room: 'r'.repeat(48) as RoomId, shows: Array.from({ length: 16 }, () => 's'.repeat(48) as ShowId) });
  t.ok(signEntrySession(longest, KEY).length <= ENTRY_SESSION_LENGTH_MAX);
  t.equal(kindOf(signEntrySession(longest, KEY)), 'ok');
});

t.test('redeeming twice gives the same session id; another room, place or holder another', async (t) => {
  const sid = sessionIdOf(KEY, { room, place, binding });
  t.equal(sid.length, 16);
  t.same(sessionIdOf(KEY, { room, place, binding }), sid);
  t.notSame(sessionIdOf(KEY, { room: 'demo2' as RoomId, place, binding }), sid);
  t.notSame(sessionIdOf(KEY, { room, place: placeOf(3, 78), binding }), sid);
  t.notSame(sessionIdOf(KEY, { room, place, binding: bindingOf(makeHolderSecret()) }), sid);
  t.notSame(sessionIdOf(createSecretKey(randomBytes(32)), { room, place, binding }), sid);
});

t.test('it ends on time, and only its own secrets accept it', async (t) => {
  const text = signEntrySession(session(), KEY);
  t.equal(kindOf(text, NOW + 59_999), 'ok');
  t.equal(kindOf(text, NOW + 60_000), 'expired');
  const young = createSecretKey(randomBytes(32));
  t.equal(kindOf(text, NOW, [young]), 'bad-signature');
  t.equal(kindOf(text, NOW, [young, KEY]), 'ok', 'a secret that is being retired still accepts');
});

t.test('one changed character anywhere is never accepted', async (t) => {
  const text = signEntrySession(session(), KEY);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=';
  const random = seededRandom('session');
  for (let at = 0; at < text.length; at += 1) {
    for (let round = 0; round < 4; round += 1) {
      const other = alphabet.charAt(Math.floor(random() * alphabet.length));
      const changed = text.slice(0, at) + other + text.slice(at + 1);
      if (changed !== text && kindOf(changed) === 'ok') t.fail(`accepted with character ${at} changed to ${other}`);
    }
  }
  const longer = [`${text}A`, 'x'.repeat(10_000), `s1.${'A'.repeat(43)}.${'A'.repeat(43)}`];
  for (const bad of [undefined, null, 1, '', 's1.', 's1..', `s2.${text.slice(3)}`, text.slice(0, -1), ...longer]) t.not(kindOf(bad), 'ok');
});

t.test('a payload of another shape is refused even when it is signed', async (t) => {
  const good = Buffer.from(signEntrySession(session(), KEY).split('.')[1] as string, 'base64url');
  const signed = (bytes: Buffer): string => {
    const body = `s1.${bytes.toString('base64url')}`;
    return `${body}.${createHmac('sha256', KEY).update(body).digest('base64url')}`;
  };
  t.equal(kindOf(signed(good)), 'ok', 'control');
  t.equal(kindOf(signed(good.subarray(0, good.length - 1))), 'malformed');
  t.equal(kindOf(signed(Buffer.concat([good, Buffer.of(0)]))), 'malformed');
  t.equal(kindOf(signed(good.subarray(0, 40))), 'malformed');
  const noShows = Buffer.from(good);
  noShows[80 + 5] = 0;
  t.equal(kindOf(signed(noShows)), 'malformed');
  const nan = Buffer.from(good);
  nan.writeDoubleBE(NaN, 72);
  t.equal(kindOf(signed(nan)), 'malformed');
  t.throws(() => signEntrySession(session({ shows: [] }), KEY));
  t.throws(() => signEntrySession(session({ sid: randomBytes(15) }), KEY));
});

t.test('a device cookie gives its secret back, and no altered one does', async (t) => {
  const cookie = signDeviceCookie(SECRET, KEY);
  t.equal(cookie.length, 69);
  t.equal(valueOf(parseDeviceCookie(cookie, [KEY])), SECRET);
  const young = createSecretKey(randomBytes(32));
  t.equal(valueOf(parseDeviceCookie(cookie, [young, KEY])), SECRET);
  t.match(parseDeviceCookie(cookie, [young]), { ok: false, refusal: { kind: 'bad-signature' } });
  for (let at = 0; at < cookie.length; at += 1) {
    const other = cookie.charAt(at) === 'A' ? 'Q' : 'A';
    if (parseDeviceCookie(cookie.slice(0, at) + other + cookie.slice(at + 1), [KEY]).ok) t.fail(`accepted with character ${at} changed`);
  }
  const swapped = `v1.${makeHolderSecret()}.${cookie.slice(26)}`;
  t.match(parseDeviceCookie(swapped, [KEY]), { ok: false, refusal: { kind: 'bad-signature' } });
  for (const bad of [undefined, '', 'v1..', cookie.slice(1), `${cookie}A`, 'x'.repeat(69), 42]) {
    t.match(parseDeviceCookie(bad, [KEY]), { ok: false, refusal: { kind: 'malformed' } });
  }
});
