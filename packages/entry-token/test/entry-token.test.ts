import { createHmac, createPrivateKey, sign as signRaw } from 'node:crypto';
import t from 'tap';
import {
  ENTRY_TOKEN_LIFE_MAX_MS, parseRoomId, parseShowId, placeOf, seededRandom, SHOWS_PER_ROOM_MAX, valueOf, type RoomId, type ShowId,
} from '@onsale/kernel';
import {
  bindingOf, bindingText, claimsOf, createEntryGuard, createJwksSource, createKeyRing, ENTRY_TOKEN_LENGTH_MAX, ENTRY_TOKEN_LIFE_MS,
  identityOf, makeEntryKey, makeHolderSecret, parseClaims, parseHolderSecret, publicKeysOf, remainingOf, signEntryToken, verifyEntryToken,
  type Entry, type EntryClaims, type EntryKey, type VerifyExpectations,
} from '@onsale/entry-token';

const ROOM = valueOf(parseRoomId('demo'));
const OTHER_ROOM = valueOf(parseRoomId('other'));
const SHOW = valueOf(parseShowId('demo'));
const NOW = Date.UTC(2026, 10, 20, 11, 0, 0, 250);
const KEY = makeEntryKey('k1');
const RING = createKeyRing([KEY]);
const SECRET = makeHolderSecret();
const BINDING = bindingOf(SECRET);

const entry = (over: Partial<Entry> = {}): Entry => ({
  room: ROOM, place: placeOf(1, 42), callNo: 1, shows: [SHOW], enteredAtMs: NOW, kh: bindingText(BINDING), ...over,
});
const tokenOf = (over: Partial<Entry> = {}, key: EntryKey = KEY, nowMs = NOW) => signEntryToken(claimsOf(entry(over), { iss: 'onsale', nowMs }), key);
const expected = (over: Partial<VerifyExpectations> = {}): VerifyExpectations => ({ keys: RING, nowMs: NOW + 1_000, binding: BINDING, room: ROOM, ...over });
const kindOf = (token: unknown, over: Partial<VerifyExpectations> = {}): string => {
  const verified = verifyEntryToken(token, expected(over));
  return verified.ok ? 'ok' : verified.refusal.kind;
};
const json = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs any header and payload with the real key: what an insider's mistake, not a forger, could produce. */
function handmade(header: unknown, payload: unknown, key: EntryKey = KEY): string {
  const input = `${json(header)}.${json(payload)}`;
  return `${input}.${signRaw(null, Buffer.from(input), createPrivateKey(key.privateKeyPem)).toString('base64url')}`;
}
const HEADER = { alg: 'EdDSA', typ: 'entry+jwt', kid: 'k1' };

t.test('the same entry gives the same token, and its holder passes', async (t) => {
  const token = tokenOf();
  t.equal(tokenOf(), token);
  t.equal(tokenOf({}, KEY, NOW + 60_000), token, 'a later answer is the same token');
  const verified = verifyEntryToken(token, expected());
  t.ok(verified.ok);
  const claims = valueOf(verified);
  t.same(claims, claimsOf(entry(), { iss: 'onsale', nowMs: NOW }));
  t.equal(claims.jti, `demo.1.${placeOf(1, 42)}.1`);
  t.equal(remainingOf(claims, claims.exp * 1_000 - 5), 5);
  t.equal(remainingOf(claims, claims.exp * 1_000 + 5), 0);
  t.ok(token.length < 700, `${token.length} characters`);
  const longest = Array.from({ length: 16 }, (_, index) => `${'s'.repeat(46)}${String(index).padStart(2, '0')}` as ShowId);
  const widest = tokenOf({ shows: longest, room: 'r'.repeat(48) as RoomId });
  t.ok(widest.length <= ENTRY_TOKEN_LENGTH_MAX, `the longest token has ${widest.length} characters`);
  t.equal(kindOf(widest, { room: 'r'.repeat(48) as RoomId }), 'ok');
});

t.test('when its minutes are over the next answer is a new token with the same jti', async (t) => {
  const first = claimsOf(entry(), { iss: 'onsale', nowMs: NOW });
  const again = claimsOf(entry(), { iss: 'onsale', nowMs: first.exp * 1_000 });
  t.equal(again.jti, first.jti);
  t.equal(again.iat, first.exp);
  t.equal(again.exp - again.iat, ENTRY_TOKEN_LIFE_MS / 1_000);
  t.same(claimsOf(entry(), { iss: 'onsale', nowMs: first.exp * 1_000 - 1 }), first);
  t.same(claimsOf(entry(), { iss: 'onsale', nowMs: NOW - 50_000 }), first, 'a clock that stepped back changes nothing');
  const shows = Array.from({ length: SHOWS_PER_ROOM_MAX }, (_, n) => valueOf(parseShowId(`show-${n}`)));
  for (const lifeMs of [1, 999, 1_000, 1_999, ENTRY_TOKEN_LIFE_MAX_MS]) {
    const claims = claimsOf(entry({ shows }), { iss: 'onsale', nowMs: NOW, lifeMs });
    // Whatever a room's settings or an entry's last moment make of it.
    t.same(parseClaims(JSON.parse(JSON.stringify(claims))), { ok: true, value: claims }, `${lifeMs} ms`);
  }
});

t.test('each reason has its word, and the documented precedence holds', async (t) => {
  const stranger = bindingOf(makeHolderSecret());
  const late = { nowMs: NOW + ENTRY_TOKEN_LIFE_MS + 1_000 };
  const forged = tokenOf({}, makeEntryKey('k1'));
  t.equal(kindOf(tokenOf(), late), 'expired');
  t.equal(kindOf(tokenOf(), { room: OTHER_ROOM }), 'foreign-room');
  t.equal(kindOf(tokenOf(), { iss: 'another-house' }), 'foreign-room');
  t.equal(kindOf(tokenOf(), { epoch: 2 }), 'expired', 'a new epoch ends unredeemed tokens');
  t.equal(kindOf(tokenOf(), { epoch: 1 }), 'ok');
  t.equal(kindOf(tokenOf(), { binding: stranger }), 'foreign-holder');
  t.equal(kindOf(tokenOf({}, makeEntryKey('k2'))), 'unknown-kid');
  t.equal(kindOf(forged), 'bad-signature');
  t.equal(kindOf(tokenOf({ enteredAtMs: NOW + 120_000 }, KEY, NOW)), 'malformed', 'issued in the future');
  t.equal(kindOf(forged, { room: OTHER_ROOM, binding: stranger, ...late }), 'foreign-room');
  t.equal(kindOf(forged, { binding: stranger, ...late }), 'expired');
  t.equal(kindOf(forged, { binding: stranger }), 'foreign-holder');
});

t.test('no algorithm but EdDSA, and no other kind of JWT, gets through', async (t) => {
  const claims = claimsOf(entry(), { iss: 'onsale', nowMs: NOW });
  t.equal(kindOf(handmade(HEADER, claims)), 'ok', 'control: the handmade token is a real one');
  t.equal(kindOf(`${json({ ...HEADER, alg: 'none' })}.${json(claims)}.`), 'malformed');
  t.equal(kindOf(`${json(HEADER)}.${json(claims)}.`), 'malformed', 'no signature at all');
  t.equal(kindOf(`${json(HEADER)}.${json(claims)}.${'A'.repeat(86)}`), 'bad-signature');
  const publicPem = RING.find('k1', NOW)?.publicKeyPem as string;
  for (const alg of ['HS256', 'hs256', 'eddsa', 'ES256']) {
    const input = `${json({ ...HEADER, alg })}.${json(claims)}`;
    const mac = createHmac('sha512', publicPem).update(input).digest('base64url');
    t.equal(kindOf(`${input}.${mac}`), 'malformed', `${alg} with the public key as secret`);
  }
  const { typ: _typ, ...untyped } = HEADER;
  const changes = [{ typ: 'JWT' }, { crit: ['exp'] }, { jku: 'https://evil.example' }, { kid: 7 }].map((change) => ({ ...HEADER, ...change }));
  for (const header of [untyped, ...changes]) t.equal(kindOf(handmade(header, claims)), 'malformed', JSON.stringify(header));
});

t.test('claims that contradict themselves are refused even when they are signed', async (t) => {
  const claims = claimsOf(entry(), { iss: 'onsale', nowMs: NOW });
  const wrong: Array<Record<string, unknown>> = [
    { aud: 'elsewhere' }, { aud: ['onsale-booking'] }, { iss: '' }, { room: 'Demo' }, { epoch: 2 }, { place: 1.5 }, { place: 7 },
    { callNo: -1 }, { callNo: '1' }, { jti: 'demo.1.42.2' }, { shows: [] }, { shows: ['a', 'B!'] }, { shows: 'demo' },
    { shows: Array.from({ length: 17 }, () => 'demo') }, { exp: claims.iat },
    { exp: claims.iat + ENTRY_TOKEN_LIFE_MAX_MS / 1_000 + 1 }, { exp: '9999999999' }, { exp: null }, { cnf: {} }, { cnf: null }, { cnf: { kh: 'short' } },
  ];
  for (const change of wrong) t.equal(kindOf(handmade(HEADER, { ...claims, ...change })), 'malformed', JSON.stringify(change));
  for (const payload of [null, 1, 'x', [], true]) t.equal(kindOf(handmade(HEADER, payload)), 'malformed');
  t.notOk(parseClaims(undefined).ok);
});

t.test('one changed character anywhere is never accepted', async (t) => {
  const token = tokenOf();
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= ';
  const random = seededRandom('tamper');
  for (let at = 0; at < token.length; at += 1) {
    const other = alphabet.charAt(Math.floor(random() * alphabet.length));
    if (other === token.charAt(at)) continue;
    const changed = token.slice(0, at) + other + token.slice(at + 1);
    if (kindOf(changed) === 'ok') t.fail(`accepted with character ${at} changed to ${other}`);
  }
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const other = tokenOf({ callNo: 2 }).split('.') as [string, string, string];
  t.equal(kindOf(`${header}.${other[1]}.${signature}`), 'bad-signature', 'payload of another token');
  t.equal(kindOf(`${header}.${payload}.${other[2]}`), 'bad-signature', 'signature of another token');
  for (const bad of [undefined, null, 7, {}, '', '.', '..', '...', `${token}.x`, `${token}=`, ` ${token}`, 'x'.repeat(100_000), `${header}.${payload}`]) {
    t.equal(kindOf(bad), 'malformed');
  }
  const spare = 'BRhx'.charAt('AQgw'.indexOf(signature.charAt(85)));
  t.equal(kindOf(`${header}.${payload}.${signature.slice(0, 85)}${spare}`), 'malformed', 'another spelling of the same signature');
});

t.test('negative control: without the signature check a forged token would pass', async (t) => {
  const forged = tokenOf({ place: placeOf(1, 1) }, makeEntryKey('k1'));
  t.equal(kindOf(forged), 'bad-signature');
  const claims = parseClaims(JSON.parse(Buffer.from(forged.split('.')[1] as string, 'base64url').toString()));
  t.ok(claims.ok, 'all that stands between the forger and the door is the signature');
});

t.test('keys rotate without a token being lost', async (t) => {
  const changeAt = NOW + 600_000;
  const old = makeEntryKey('old', { notAfterMs: changeAt });
  const young = makeEntryKey('young', { notBeforeMs: changeAt - 1_000 });
  const ring = createKeyRing([old, young]);
  t.equal(ring.current(NOW)?.kid, 'old');
  t.equal(ring.current(changeAt - 500)?.kid, 'young', 'where windows overlap the younger signs');
  t.same(ring.jwks(NOW).keys.map(({ kid }) => kid).toSorted(), ['old', 'young'], 'the next key is published before it signs');
  t.same(ring.jwks(changeAt + ENTRY_TOKEN_LIFE_MAX_MS).keys.map(({ kid }) => kid), ['young']);
  const claims = claimsOf(entry({ enteredAtMs: changeAt - 2_000 }), { iss: 'onsale', nowMs: changeAt - 2_000 });
  const token = signEntryToken(claims, ring.current(changeAt - 2_000)!);
  t.equal(kindOf(token, { keys: ring, nowMs: changeAt + 100_000 }), 'ok', 'a token of the old key lives out its minutes');
  t.equal(signEntryToken(claims, ring.signer('old', changeAt + 100_000)!), token, 'and the same answer is given again');
  t.equal(ring.signer('old', changeAt + ENTRY_TOKEN_LIFE_MAX_MS), undefined);
  t.equal(createKeyRing([old]).current(changeAt), undefined, 'no key signs outside its window');
  const fromJwks = publicKeysOf(JSON.parse(JSON.stringify(ring.jwks(NOW))));
  t.equal(kindOf(token, { keys: fromJwks, nowMs: changeAt + 100_000 }), 'ok', 'another server verifies with the JWKS alone');
  t.equal(fromJwks.find('young', NOW), undefined);
  t.notMatch(JSON.stringify(ring.jwks(NOW)), /PRIVATE|"d"/);
  t.throws(() => createKeyRing([]));
  t.throws(() => createKeyRing([old, old]));
  t.throws(() => createKeyRing([{ ...old, kid: 'a b' }]));
  t.throws(() => createKeyRing([{ ...old, notBeforeMs: changeAt }]));
  t.throws(() => createKeyRing([{ kid: 'x', privateKeyPem: 'nonsense' }]));
  t.throws(() => publicKeysOf({ keys: 'x' }));
  t.equal(publicKeysOf({ keys: [null, { kty: 'RSA', kid: 'r' }] }).find('r', NOW), undefined);
});

t.test('a JWKS source refreshes on time, on an unknown kid, and never faster than its bound', async (t) => {
  let now = 0;
  let loads = 0;
  let document: unknown = createKeyRing([KEY]).jwks(NOW);
  const errors: unknown[] = [];
  const source = createJwksSource({
    load: async () => { loads += 1; if (document instanceof Error) throw document; return document; },
    clock: () => now, onError: (error) => { errors.push(error); }, refreshMs: 1_000, leastMs: 100,
  });
  await source.start();
  t.ok(source.find('k1', NOW));
  for (let forged = 0; forged < 50; forged += 1) source.find(`made-up-${forged}`, NOW);
  t.equal(loads, 1, 'made-up kids cause no requests before the bound');
  now = 150;
  document = createKeyRing([KEY, makeEntryKey('k2')]).jwks(NOW);
  t.notOk(source.find('k2', NOW));
  await new Promise(setImmediate);
  t.ok(source.find('k2', NOW));
  t.equal(loads, 2);
  await source.refresh();
  t.equal(loads, 2);
  now = 2_000;
  document = new Error('away');
  await source.refresh();
  t.equal(errors.length, 1);
  t.ok(source.find('k1', NOW), 'a failed load keeps what is known');
  document = { keys: [] };
  await t.rejects(createJwksSource({ load: async () => { throw new Error('away'); }, clock: () => now }).start());
});

t.test('the guard asks for a token and an identity, and slows a source that forges, not what is sound', async (t) => {
  let now = NOW;
  const guard = createEntryGuard({ keys: RING, clock: () => now, room: ROOM, limits: { burst: 3, perMinute: 60, sourcesMax: 10 } });
  const address = '203.0.113.9';
  const word = async (token: string | undefined, holderSecret: string | undefined, from = address): Promise<string> => {
    const passed = await guard({ token, holderSecret, address: from });
    return passed.ok ? 'ok' : passed.refusal.kind;
  };
  t.equal(await word(undefined, SECRET), 'no-token');
  t.equal(await word(tokenOf(), undefined), 'no-identity');
  t.equal(await word(tokenOf(), 'not a secret'), 'no-identity');
  t.equal(await word(tokenOf(), SECRET), 'ok');
  t.equal(await word(`Bearer ${tokenOf()}`, SECRET), 'ok');
  for (let index = 0; index < 10; index += 1) t.equal(await word(tokenOf(), makeHolderSecret()), 'foreign-holder', 'a stolen token without its secret');
  const late = tokenOf({ enteredAtMs: NOW - 900_000 }, KEY, NOW - 900_000);
  for (let index = 0; index < 10; index += 1) t.equal(await word(late, SECRET), 'expired', 'a slow fan is no forger');
  const forged = tokenOf({}, makeEntryKey('k1'));
  const words: string[] = [];
  for (let index = 0; index < 4; index += 1) words.push(await word(forged, SECRET));
  t.same(words, ['bad-signature', 'bad-signature', 'bad-signature', 'throttled']);
  t.match(await guard({ token: forged, holderSecret: SECRET, address }), { ok: false, refusal: { kind: 'throttled', retryAfterMs: 1_000 } });
  t.equal(await word(tokenOf(), SECRET), 'ok', 'a sound token of a neighbour passes');
  const flood = Promise.all(Array.from({ length: 150 }, () => word(forged, SECRET)));
  t.equal(await word(tokenOf(), SECRET), 'ok', 'also in the middle of a flood');
  t.equal(await word(forged, SECRET, '203.0.113.10'), 'bad-signature', 'other sources are not slowed');
  t.same([...new Set(await flood)], ['throttled']);
  now += 2_000;
  t.equal(await word(forged, SECRET), 'bad-signature', 'after a moment the source is no suspect any more');
});

t.test('a secret has one spelling, and everything derives from it', async (t) => {
  t.equal(SECRET.length, 22);
  t.equal(BINDING.length, 32);
  t.same(identityOf(SECRET), BINDING.subarray(0, 16));
  t.ok(parseHolderSecret(SECRET).ok);
  const spare = `${SECRET.slice(0, 21)}${'BRhx'.charAt('AQgw'.indexOf(SECRET.charAt(21)))}`;
  for (const bad of [spare, SECRET.slice(1), `${SECRET}A`, '', undefined, 7, { toString: () => SECRET }]) t.notOk(parseHolderSecret(bad).ok);
});

t.test('claims carry nothing but what is documented', async (t) => {
  const claims: EntryClaims = claimsOf(entry(), { iss: 'onsale', nowMs: NOW });
  t.same(Object.keys(claims).toSorted(), ['aud', 'callNo', 'cnf', 'epoch', 'exp', 'iat', 'iss', 'jti', 'place', 'room', 'shows']);
  t.notMatch(JSON.stringify(claims), SECRET);
});
