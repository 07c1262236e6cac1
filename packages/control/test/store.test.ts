import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { migrate, openPool } from '@onsale/database';
import { valueOf, type RoomId, type ShowId } from '@onsale/kernel';
import {
  changeRoom, createOperator, createPasswordHasher, createRoom, createSignInThrottle, DEFAULT_SETTINGS, disableOperator,
  keepIncarnation, listActs, listFindings,
  listLivingRooms, listLooks, listRoomNames, listRooms, OPERATOR_SESSION_MS, pruneOperatorSessions, publishEntryKeys, raiseEpoch, readEntryKeys,
  readOperatorSession, readRoom, recordFindings,
  recordLooks, reserveIncarnation, restartRoom, setPassword, signIn, signOut, type RoomSettings,
} from '../src/index.ts';
import { ownDatabase } from '@onsale/testing';

const url = await ownDatabase(t);
await migrate(url);
let nowMs = Date.UTC(2026, 5, 1, 3);
const queries: string[] = [];
const pool = openPool({ url, connections: 6, queueMax: 100, nowMs: () => nowMs, onQuery: (sql) => queries.push(sql) });
t.teardown(() => pool.close());

const act = { actor: 'kim', cause: 'rehearsal' };
const room = 'demo' as RoomId;
const settings: RoomSettings = {
  ...DEFAULT_SETTINGS, room, name: { ko: '월드투어', en: 'World tour' }, shows: ['sat' as ShowId, 'sun' as ShowId], opensAtMs: Date.UTC(2026, 5, 2, 11, 0, 0, 250),
};

t.test('a room is read as it was made', async (t) => {
  t.equal(await readRoom(pool, room), undefined);
  valueOf(await createRoom(pool, settings, act));
  t.same(await readRoom(pool, room), settings);
  t.same(await listRooms(pool), [settings]);
  t.same(await createRoom(pool, settings, act), { ok: false, refusal: { kind: 'room-exists' } });
  t.match(await createRoom(pool, { ...settings, room: 'other' as RoomId, callMs: 1 }, act), { refusal: { kind: 'bad-setting', field: 'callMs' } });
  const [made] = await listActs(pool, { subject: 'room:demo' });
  t.match(made, { actor: 'kim', cause: 'rehearsal', action: 'room.make', before: null, after: { capacity: 500 } });
  t.equal(made?.at.getTime(), nowMs);
});

t.test('thousands of rooms are all listed', async (t) => {
  const names = Array.from({ length: 2_100 }, (_, n) => `many-${String(n).padStart(4, '0')}`);
  const columns = '`name_ko`, `name_en`, `shows`, `phase`, `opens_at`, `rate_per_minute`, `capacity`, `call_ms`, `max_misses`, `absent_after_ms`, '
    + '`entry_token_ms`, `session_max_ms`, `identity`, `rejoin`, `version`, `epoch`';
  for (let from = 0; from < names.length; from += 700) {
    const some = names.slice(from, from + 700);
    const wanted = some.map(() => 'SELECT ? AS room').join(' UNION ALL ');
    await pool.query(`INSERT INTO room (room, ${columns}) SELECT n.room, ${columns} FROM room JOIN (${wanted}) AS n WHERE room.room = ?`, [...some, room]);
  }
  const all = ['demo', ...names];
  t.same((await listRooms(pool)).map((one) => one.room), all);
  t.same((await listRoomNames(pool)).map((one) => one.room), all);
  t.same((await listLivingRooms(pool)).map((one) => one.room), all);
  await pool.query("DELETE FROM room WHERE room LIKE 'many-%'");
});

t.test('an operator changes the version they have seen', async (t) => {
  const changed = valueOf(await changeRoom(pool, { room, version: 1, patch: { ratePerMinute: 1_200, capacity: null }, actor: 'lee', cause: '콘서트 시작' }));
  t.same(changed, { ...settings, ratePerMinute: 1_200, capacity: null, version: 2 });
  t.same(await readRoom(pool, room), changed);
  t.same(await changeRoom(pool, { room, version: 1, patch: { capacity: 9 }, ...act }), { ok: false, refusal: { kind: 'version-conflict', version: 2 } });
  t.same(await changeRoom(pool, { room: 'nowhere' as RoomId, version: 1, patch: {}, ...act }), { ok: false, refusal: { kind: 'unknown-room' } });
  t.match(await changeRoom(pool, { room, version: 2, patch: { phase: 'paused' }, ...act }), { refusal: { kind: 'phase-not-allowed' } });
  t.match(await changeRoom(pool, { room, version: 2, patch: { capacity: null }, ...act }), { ok: true, value: { version: 2 } }, 'nothing to change');
  const acts = await listActs(pool, { subject: 'room:demo' });
  t.equal(acts.length, 2, 'refusals and empty changes leave no record');
  t.match(acts[0], { actor: 'lee', cause: '콘서트 시작', action: 'room.change' });
  t.same(acts[0]?.before, { ratePerMinute: 600, capacity: 500, version: 1 });
  t.same(acts[0]?.after, { ratePerMinute: 1_200, capacity: null, version: 2 });
});

t.test('of operators who change one version at once, one wins', async (t) => {
  // Every connection is open, so that all of them are at their first statement together.
  await Promise.all(Array.from({ length: 6 }, () => pool.query('SELECT SLEEP(0.02)')));
  const change = (ratePerMinute: number) => changeRoom(pool, { room, version: 2, patch: { ratePerMinute }, ...act });
  const results = await Promise.all(Array.from({ length: 12 }, (_, index) => change(100 + index)));
  const winners = results.filter((result) => result.ok);
  t.equal(winners.length, 1);
  for (const result of results) if (!result.ok) t.same(result.refusal, { kind: 'version-conflict', version: 3 });
  t.same(await readRoom(pool, room), winners[0]?.ok && winners[0].value);
});

t.test('of workers that find a room’s data lost, one raises the epoch', async (t) => {
  const results = await Promise.all([1, 2, 3, 4].map(() => raiseEpoch(pool, { room, epoch: 1, actor: 'worker', cause: 'data lost' })));
  t.equal(results.filter((result) => valueOf(result).raised).length, 1);
  for (const result of results) t.match(valueOf(result).settings, { epoch: 2, version: 4 });
  t.match(await raiseEpoch(pool, { room: 'nowhere' as RoomId, epoch: 1, ...act }), { refusal: { kind: 'unknown-room' } });
});

t.test('starting over keeps versions and epochs rising', async (t) => {
  valueOf(await changeRoom(pool, { room, version: 4, patch: { phase: 'closed' }, ...act }));
  t.match(await changeRoom(pool, { room, version: 5, patch: { phase: 'open' }, ...act }), { refusal: { kind: 'phase-not-allowed' } });
  t.same(await restartRoom(pool, { ...settings, phase: 'open' }, act), { ok: true, value: { ...settings, phase: 'open', version: 6, epoch: 3 } });
  t.match(await readRoom(pool, room), { phase: 'open', version: 6, epoch: 3 });
  t.same((await listActs(pool, { subject: 'room:demo', limit: 2 })).map((one) => one.action), ['room.restart', 'room.change']);
});

t.test('the audit log pages backwards, and no statement of this package changes or deletes a record', async (t) => {
  const all = await listActs(pool, {});
  t.ok(all.length >= 5);
  t.same(await listActs(pool, { beforeId: all[2]?.id ?? 0 }), all.slice(3));
  t.notOk(queries.some((sql) => /^\s*(update|delete from|replace into)\s+`?audit_log/i.test(sql)));
});

const hasher = createPasswordHasher({ logN: 10 });
const sleep = (ms: number): Promise<void> => delay(ms, undefined, { ref: false });
const throttle = createSignInThrottle(() => nowMs, sleep);
const store = { pool, hasher, throttle };
const PASSWORD = 'correct horse 배터리';

t.test('signing in and out', async (t) => {
  valueOf(await createOperator(store, { name: '김 운영', role: 'operator', password: PASSWORD }, act));
  t.same(await createOperator(store, { name: '김 운영', role: 'gate', password: PASSWORD }, act), { ok: false, refusal: { kind: 'operator-exists' } });
  const { token, ...session } = valueOf(await signIn(store, { name: '김 운영', password: PASSWORD, source: 'a' }));
  t.same(session, { name: '김 운영', role: 'operator', remainingMs: OPERATOR_SESSION_MS });
  t.same(await readOperatorSession(pool, token), session);
  const [[row]] = await pool.query('SELECT CONCAT(HEX(token_hash), name) AS text FROM operator_session');
  t.notMatch(String(row?.['text']), new RegExp(Buffer.from(token, 'base64url').toString('hex'), 'i'), 'the table holds no token');
  nowMs += 1_000;
  t.match(await readOperatorSession(pool, token), { remainingMs: OPERATOR_SESSION_MS - 1_000 });
  await signOut(pool, token);
  t.equal(await readOperatorSession(pool, token), undefined);
});

t.test('sessions end by their clock', async (t) => {
  const { token } = valueOf(await signIn(store, { name: '김 운영', password: PASSWORD, source: 'a' }));
  nowMs += OPERATOR_SESSION_MS;
  t.equal(await readOperatorSession(pool, token), undefined);
  nowMs += 1;
  t.equal(await pruneOperatorSessions(pool, 10), 1);
  t.equal(await pruneOperatorSessions(pool, 10), 0);
});

t.test('what is no token costs no query', async (t) => {
  const before = queries.length;
  for (const token of ['', 'x', 'x'.repeat(10_000), "' OR 1=1 --", `${'a'.repeat(42)}!`]) t.equal(await readOperatorSession(pool, token), undefined);
  t.equal(queries.length, before);
  t.equal(await readOperatorSession(pool, 'a'.repeat(43)), undefined);
});

t.test('wrong name, wrong password, disabled operator: one refusal; too many: a pause', async (t) => {
  const bad = { ok: false, refusal: { kind: 'bad-credentials', known: null as string | null } };
  t.same(await signIn(store, { name: 'nobody', password: PASSWORD, source: 'b' }), bad);
  t.same(await signIn(store, { name: "' OR ''='", password: PASSWORD, source: 'b' }), bad);
  bad.refusal.known = '김 운영';
  t.same(await signIn(store, { name: '김 운영', password: `${PASSWORD} `, source: 'b' }), bad);
  t.same(await signIn(store, { name: '김 운영', password: 'x'.repeat(100_000), source: 'b' }), bad);
  const burst = await Promise.all(Array.from({ length: 8 }, () => signIn(store, { name: '김 운영', password: 'guess', source: 'c' })));
  t.equal(burst.filter((result) => !result.ok && result.refusal.kind === 'bad-credentials').length, 5, 'a burst gets no more tries than a sequence');
  t.match(burst.at(-1), { refusal: { kind: 'too-many-attempts' } });
  for (const typed of ['김 운영 ', ' 김 운영', '김 운영'.normalize('NFD')])
    t.match(await signIn(store, { name: typed, password: 'guess', source: 'c' }), { refusal: { kind: 'too-many-attempts' } }, 'one name, one count');
  t.match(await signIn(store, { name: ' 김 운영'.normalize('NFD'), password: PASSWORD, source: 'c' }), { ok: true }, 'a right password of a source that guesses');
  t.match(await signIn(store, { name: '김 운영', password: PASSWORD, source: 'd' }), { ok: true }, 'the operator’s own source is not locked out');
});

t.test('a new password or a disabled operator ends every session', async (t) => {
  const first = valueOf(await signIn(store, { name: '김 운영', password: PASSWORD, source: 'd' }));
  t.equal(await setPassword(store, { name: '김 운영', password: 'another long one' }, act), true);
  t.equal(await readOperatorSession(pool, first.token), undefined);
  t.match(await signIn(store, { name: '김 운영', password: PASSWORD, source: 'd' }), { refusal: { kind: 'bad-credentials' } });
  const second = valueOf(await signIn(store, { name: '김 운영', password: 'another long one', source: 'd' }));
  t.equal(await disableOperator(pool, '김 운영', act), true);
  t.equal(await readOperatorSession(pool, second.token), undefined);
  t.match(await signIn(store, { name: '김 운영', password: 'another long one', source: 'e' }), { refusal: { kind: 'bad-credentials' } });
  t.equal(await setPassword(store, { name: 'nobody', password: 'another long one' }, act), false);
  t.notMatch(JSON.stringify(await listActs(pool, {})), /another long|scrypt/, 'no secret in the audit log');
});

t.test('a password changed while a sign-in is being checked wins', async (t) => {
  valueOf(await createOperator(store, { name: 'slow', role: 'operator', password: PASSWORD }, act));
  /** Changes the password between the check and the session. */
  const slow = { ...hasher, verify: async (password: string, hash: string | undefined) => {
    const right = await hasher.verify(password, hash);
    await setPassword(store, { name: 'slow', password: 'changed meanwhile' }, act);
    return right;
  } };
  t.match(await signIn({ ...store, hasher: slow }, { name: 'slow', password: PASSWORD, source: 'f' }), { refusal: { kind: 'bad-credentials' } });
});

t.test('passwords', async (t) => {
  await t.rejects(hasher.hash('short'), /12 to 200/);
  await t.rejects(hasher.verify(PASSWORD, 'not a hash'), /format/);
  const [one, other] = await Promise.all([hasher.hash(PASSWORD), hasher.hash(PASSWORD)]);
  t.not(one, other, 'salted');
  t.equal(await hasher.verify(PASSWORD, one), true);
  t.equal(await hasher.verify(PASSWORD.normalize('NFD'), one), true, 'the same letters typed on another system');
  t.equal(await createPasswordHasher({ logN: 11 }).verify(PASSWORD, one), true, 'a hash keeps the cost it was made with');
  t.equal(createPasswordHasher().isOutdated(one), true);
  t.equal(hasher.isOutdated(one), false);
  t.match(await createPasswordHasher().hash(PASSWORD), /^scrypt\$17\$8\$1\$/, 'what OWASP asks for');
});

t.test('a hash of another cost is made anew when its password is next seen', async (t) => {
  valueOf(await createOperator(store, { name: 'old', role: 'operator', password: PASSWORD }, act));
  const stored = async (): Promise<string> => String((await pool.query("SELECT password_hash AS hash FROM operator WHERE name = 'old'"))[0][0]?.['hash']);
  const before = await stored();
  const today = { ...store, hasher: createPasswordHasher({ logN: 11 }) };
  await signIn(today, { name: 'old', password: 'wrong one for it', source: 'g' });
  t.equal(await stored(), before, 'not by a wrong one');
  const { token } = valueOf(await signIn(today, { name: 'old', password: PASSWORD, source: 'g' }));
  t.match(await stored(), /^scrypt\$11\$/);
  t.match(await readOperatorSession(pool, token), { name: 'old' });
  t.match(await signIn(today, { name: 'old', password: PASSWORD, source: 'g' }), { ok: true });
});

t.test('two passwords are hashed at once, sixteen wait, the next is told to come again; our own fault counts against nobody', async (t) => {
  valueOf(await createOperator(store, { name: 'crowd', role: 'operator', password: PASSWORD }, act));
  let [running, most] = [0, 0];
  const slow = { ...hasher, verify: async (password: string, hash: string | undefined) => {
    most = Math.max(most, (running += 1));
    const right = await hasher.verify(password, hash);
    running -= 1;
    return right;
  } };
  const signInFrom = (source: string) => signIn({ ...store, hasher: slow }, { name: 'crowd', password: PASSWORD, source });
  const all = await Promise.all(Array.from({ length: 30 }, (_, index) => signInFrom(`h${index}`)));
  t.equal(most, 2);
  t.same(all.map((one) => (one.ok ? 'in' : one.refusal.kind)).sort(), [...Array<string>(12).fill('busy'), ...Array<string>(18).fill('in')]);
  const broken = { ...hasher, verify: () => Promise.reject(new Error('the store is away')) };
  for (let index = 0; index < 30; index += 1) await t.rejects(signIn({ ...store, hasher: broken }, { name: 'crowd', password: PASSWORD, source: 'i' }), /away/);
  t.match(await signIn(store, { name: 'crowd', password: 'wrong', source: 'i' }), { refusal: { kind: 'bad-credentials' } });
});

t.test('public entry keys', async (t) => {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: 'abc', kid: 'k1', alg: 'EdDSA', use: 'sig' };
  const key = { kid: 'k1', jwk, notAfterMs: null };
  await publishEntryKeys(pool, [key, { kid: 'k2', jwk: { ...jwk, kid: 'k2' }, notAfterMs: nowMs + 1_000 }]);
  await publishEntryKeys(pool, [key]);
  t.same((await readEntryKeys(pool)).map(({ kid }) => kid), ['k1', 'k2']);
  t.same((await readEntryKeys(pool))[0], key);
  await publishEntryKeys(pool, [{ ...key, notAfterMs: nowMs + 500 }]);
  nowMs += 600;
  t.same((await readEntryKeys(pool)).map(({ kid }) => kid), ['k2'], 'an expired key is not handed out');
  await t.rejects(publishEntryKeys(pool, [{ ...key, jwk: { ...jwk, d: 'secret' } }]), /secret part/);
  await t.rejects(publishEntryKeys(pool, [{ ...key, jwk: { ...jwk, x: 'other' } }]), /another key/);
  await t.rejects(publishEntryKeys(pool, [{ ...key, kid: 'k9' }]), /calls itself/);
});

t.test('findings count up', async (t) => {
  await recordFindings(pool, []);
  await recordFindings(pool, [{ invariant: 'B1', detail: 'seat 7 of demo twice' }, { invariant: 'W2', detail: '601 calls in a minute' }]);
  nowMs += 5_000;
  await recordFindings(pool, [{ invariant: 'B1', detail: 'seat 7 of demo twice' }, { invariant: 'B1', detail: 'x'.repeat(900) }]);
  const findings = await listFindings(pool);
  t.equal(findings.length, 3);
  const again = findings.find(({ detail }) => detail.startsWith('seat 7'));
  t.match(again, { invariant: 'B1', seen: 2 });
  t.equal((again?.lastAt.getTime() ?? 0) - (again?.firstAt.getTime() ?? 0), 5_000);
  t.equal((await listFindings(pool, { limit: 1 })).length, 1);
});

t.test('an incarnation is kept where Redis cannot lose it', async (t) => {
  const [lost, one, two, three] = ['lost' as RoomId, '1'.repeat(40), '2'.repeat(40), '3'.repeat(40)];
  let epoch = 1;
  const reserve = (runId: string, above: number): Promise<number> => reserveIncarnation(pool, { room: lost, epoch, runId, above });
  const together = await Promise.all(Array.from({ length: 8 }, () => reserve(one, 1)));
  t.same(new Set(together), new Set([2]), 'all workers that see one process share its reservation, also the first of all');
  t.equal(await reserve(two, 1), 3, 'another process is above what was kept, whatever the caller has seen');
  t.equal(await reserve(two, 3), 4, 'and above what the caller has seen, whoever reserved');
  for (const incarnation of [9, 5]) await keepIncarnation(pool, { room: lost, epoch, incarnation });
  t.equal(await reserve(three, 2), 10);
  t.equal(await reserve(three, 2), 10);
  epoch = 2;
  t.equal(await reserve(three, 1), 2, 'a new epoch starts over');
  await keepIncarnation(pool, { room: lost, epoch: 1, incarnation: 12 });
  t.equal(await reserve(one, 1), 3, 'what a late worker saw of the old one is not asked any more');
  await keepIncarnation(pool, { room: lost, epoch: 3, incarnation: 1 });
  t.equal(await reserve(one, 3), 4, 'of an epoch that is over');
  epoch = 3;
  t.equal(await reserve(two, 1), 2);
});

t.test('looks of the auditor', async (t) => {
  const ageOf = async (): Promise<unknown> => (await listLooks(pool)).find((look) => look.room === room)?.ageMs;
  t.equal(await ageOf(), null, 'never');
  await recordLooks(pool, []);
  await recordLooks(pool, [room, 'gone' as RoomId]);
  nowMs += 2_500;
  t.equal(await ageOf(), 2_500);
  await recordLooks(pool, [room]);
  t.equal(await ageOf(), 0);
  t.notOk((await listLooks(pool)).some((look) => look.room === 'gone'), 'only rooms that there are');
});
