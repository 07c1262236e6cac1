import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createKeyRing } from '@onsale/entry-token';
import { seededRandom } from '@onsale/kernel';
import { checkSecrets, ConfigRefused, createLogger, makeSecrets, openSecrets, readConfig, sameSecret, SECRET_VARIABLES, type AppName } from '@onsale/runtime';

const secrets = makeSecrets();
const file = (text: string = JSON.stringify(secrets)) => () => text;
const DEV = {
  ONSALE_SECRETS: '/data/secrets.json', REDIS_URL: 'redis://:pw@127.0.0.1:6379', DATABASE_URL: 'mysql://onsale:pw@127.0.0.1:3306/onsale',
  ADMISSION_URL: 'http://127.0.0.1:1', ADMISSION_INTERNAL_URL: 'http://127.0.0.1:2', BOOKING_URL: 'http://127.0.0.1:3', OPS_INTERNAL_URL: 'http://127.0.0.1:4',
  WORKER_INTERNAL_URL: 'http://127.0.0.1:5', BOOKING_INTERNAL_URL: 'http://127.0.0.1:6',
};
const faultsOf = (app: AppName, env: Record<string, string | undefined>, readFile = file()): readonly string[] => {
  try {
    readConfig(app, env, readFile);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigRefused)) throw error;
    return error.faults;
  }
};

t.test('each app gets what it needs, typed, frozen, and no secret it has no use for', async (t) => {
  const admission = readConfig('admission', { ...DEV, PORT: '3001', PUBLIC_ORIGIN: 'http://localhost:4000' }, file());
  t.match(admission, { app: 'admission', production: false, host: '127.0.0.1', port: 3_001, internalPort: 0, logLevel: 'info' });
  t.match(admission, { secureCookies: false, checkReplies: true });
  t.same(admission.publicOrigins, ['http://localhost:4000', 'http://127.0.0.1:4000', 'http://[::1]:4000'], 'a developer may open either');
  t.equal(admission.publicOrigin, 'http://localhost:4000');
  t.same(Object.keys(admission.secrets).toSorted(), ['device', 'entryKeys', 'internal', 'receipt']);
  t.ok(createKeyRing(admission.secrets.entryKeys).current(Date.now()), 'the entry keys fit the key ring');
  const booking = readConfig('booking', DEV, file());
  t.same(booking.pools, { hot: 3, money: 4, reads: 5 });
  t.same(Object.keys(booking.secrets).toSorted(), ['device', 'holdId', 'internal', 'order', 'session', 'ticketKeys', 'toss']);
  t.same([booking.tossUrl, booking.sandboxUrl], ['https://api.tosspayments.com', null]);
  t.same(readConfig('worker', DEV, file()).pools, { hot: 1, money: 3, reads: 2 });
  t.same(readConfig('ops', { ...DEV, POOL_READS: '9' }, file()).pools, { hot: 1, money: 1, reads: 9 });
  t.notOk('secrets' in readConfig('web', { ...DEV, ONSALE_SECRETS: undefined }), 'the gateway holds none');
  t.throws(() => { (admission as { port: number }).port = 1; });
  t.throws(() => { (booking.pools as { hot: number }).hot = 99; });
});

t.test('everything wrong is told at once, by name and never by value', async (t) => {
  const wrong = { PORT: 'SECRET', DATABASE_URL: 'postgres://SECRET', ADMISSION_URL: 'http://x/SECRET', POOL_HOT: '0', LOG_LEVEL: 'SECRET' };
  const faults = faultsOf('booking', wrong);
  for (const name of ['PORT', 'DATABASE_URL', 'ADMISSION_URL', 'ADMISSION_INTERNAL_URL', 'POOL_HOT', 'LOG_LEVEL', 'ONSALE_SECRETS']) {
    t.ok(faults.some((fault) => fault.startsWith(`${name} `)), name);
  }
  t.equal(faults.length, 7);
  t.notMatch(faults.join(), 'SECRET"');
  t.notMatch(faults.join(), /SECRET\b(?!S)/);
  t.match(faultsOf('admission', DEV, file('{')), ['ONSALE_SECRETS names a file that is not there, not readable or not JSON']);
  t.match(faultsOf('admission', DEV, file('{"version": 1}')).join(), 'secrets.json:');
  t.throws(() => readConfig('admission', DEV, () => { throw new Error('ENOENT'); }), ConfigRefused);
});

const productionSecrets = (): Record<string, string> => {
  const { toss, ...own } = makeSecrets();
  return {
    [SECRET_VARIABLES.entryKeys]: JSON.stringify(own.entryKeys), [SECRET_VARIABLES.ticketKeys]: JSON.stringify(own.ticketKeys),
    [SECRET_VARIABLES.receipt]: own.receipt.join(), [SECRET_VARIABLES.device]: own.device.join(), [SECRET_VARIABLES.session]: own.session.join(),
    [SECRET_VARIABLES.order]: own.order.join(), [SECRET_VARIABLES.holdId]: own.holdId.join(), [SECRET_VARIABLES.internal]: own.internal.join(),
    [SECRET_VARIABLES.tossClientKey]: 'live_ck_abcdefgh', [SECRET_VARIABLES.tossSecretKey]: 'live_sk_abcdefgh',
    [SECRET_VARIABLES.tossOrderMac]: toss.orderMac.join(),
  };
};
const { ONSALE_SECRETS: _file, ...addresses } = DEV;
const production = (): Record<string, string> => ({ ...addresses, NODE_ENV: 'production', PUBLIC_ORIGIN: 'https://tickets.example', ...productionSecrets() });

t.test('production takes secrets from the environment only, and refuses whatever is missing, default or of the sandbox', async (t) => {
  const good = production();
  for (const app of ['admission', 'booking', 'ops', 'worker', 'storefront', 'web'] as const) t.same(faultsOf(app, good), [], app);
  const config = readConfig('booking', good);
  t.match(config, { production: true, secureCookies: true, checkReplies: false, publicOrigins: ['https://tickets.example'] });
  t.equal(readConfig('web', { ...DEV, CHECK_REPLIES: 'off' }).checkReplies, false);
  t.equal(config.secrets.toss.secretKey, 'live_sk_abcdefgh');
  const refused = (change: Record<string, string | undefined>, words: RegExp, app: AppName = 'booking') => {
    const faults = faultsOf(app, { ...good, ...change });
    t.equal(faults.length, 1, `${words}: ${faults.join('; ')}`);
    t.match(faults.join(), words);
  };
  refused({ ONSALE_SESSION_SECRET: undefined }, /ONSALE_SESSION_SECRET \(or ONSALE_SESSION_SECRET_FILE\) is missing/);
  refused({ ONSALE_SESSION_SECRET: 'short' }, /session/);
  refused({ ONSALE_SESSION_SECRET: good['ONSALE_ORDER_SECRET'] }, /repeats/);
  refused({ ONSALE_TICKET_KEYS: 'nonsense' }, /ticketKeys/);
  refused({ ONSALE_SECRETS: '/data/secrets.json' }, /ONSALE_SECRETS is set/);
  for (const name of ['SANDBOX_URL', 'SANDBOX_INTERNAL_URL']) refused({ [name]: 'http://127.0.0.1:9' }, new RegExp(`${name} is set`));
  refused({ TOSS_URL: 'http://127.0.0.1:9' }, /TOSS_URL must be https/);
  refused({ TOSS_SECRET_KEY: 'test_sk_abcdefgh' }, /test key/);
  refused({ PUBLIC_ORIGIN: 'http://tickets.example' }, /PUBLIC_ORIGIN must be https/);
  refused({ PUBLIC_ORIGIN: undefined }, /PUBLIC_ORIGIN is missing/);
  refused({ DATABASE_URL: 'mysql://onsale:onsale@db/onsale' }, /DATABASE_URL has no password/);
  t.match(faultsOf('sandbox', good).join(), 'does not run in production');
  t.equal(faultsOf('booking', { NODE_ENV: 'production' }).filter((fault) => fault.includes('is missing')).length, 13, 'one start shows the whole list');
});

t.test('a mounted file may hold a secret, and a list holds the retiring ones', async (t) => {
  const path = join(t.testdir({}), 'session');
  const [young, old] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')];
  writeFileSync(path, `${young},${old}\n`);
  const { ONSALE_SESSION_SECRET: _, ...env } = production();
  const { secrets: keys } = readConfig('booking', { ...env, ONSALE_SESSION_SECRET_FILE: path });
  t.same(keys.session.map((key) => key.export().toString('base64url')), [young, old]);
  const faults = faultsOf('booking', { ...env, ONSALE_SESSION_SECRET_FILE: '/nowhere' }, () => { throw new Error('ENOENT'); });
  t.same(faults, ['ONSALE_SESSION_SECRET_FILE names a file that cannot be read']);
});

t.test('secrets are made whole, differ, and the same randomness makes the same', async (t) => {
  t.ok('secrets' in checkSecrets(JSON.parse(JSON.stringify(secrets))));
  t.notSame(makeSecrets(), makeSecrets());
  const fixed = () => {
    const random = seededRandom('secrets');
    return (size: number) => Buffer.from(Array.from({ length: size }, () => Math.floor(random() * 256)));
  };
  t.same(makeSecrets(fixed()), makeSecrets(fixed()));
  const hmac = [secrets.receipt, secrets.device, secrets.session, secrets.order, secrets.holdId, secrets.internal, secrets.toss.orderMac].flat();
  t.equal(new Set(hmac).size, 7);
  t.ok(createKeyRing(secrets.entryKeys).current(Date.now()));
  t.equal(openSecrets(secrets).receipt[0]?.symmetricKeySize, 32);
  const { internal } = secrets;
  t.ok(sameSecret(internal[0], internal));
  for (const other of ['x', undefined, '', secrets.order[0]]) t.notOk(sameSecret(other, internal));
  t.notOk(sameSecret(internal[0], []));
});

t.test('a log line holds no credential, whoever logs it', async (t) => {
  const lines: string[] = [];
  const logger = createLogger({ name: 'test', destination: { write: (line) => { lines.push(line); } } });
  const credential = 'SECRET';
  logger.info({ receipt: credential, clientKey: credential, headers: { authorization: credential, cookie: credential, 'x-client-key': credential } }, 'a');
  const headers = { 'x-order-key': credential, 'x-onsale-internal': credential };
  logger.info({ req: { headers }, body: { password: credential, paymentKey: credential, email: credential } }, 'b');
  const cause = Object.assign(new Error('inner'), { code: 'ER_X', values: [credential] });
  logger.error({ err: Object.assign(new Error('failed', { cause }), { sql: credential, parameters: [credential] }) }, 'c');
  logger.error({ err: credential }, 'd');
  t.equal(lines.length, 4);
  t.notMatch(lines.join(''), credential);
  const err = { type: 'Error', message: 'failed', cause: { message: 'inner', code: 'ER_X' } };
  t.match(JSON.parse(lines[2] as string), { level: 'error', name: 'test', msg: 'c', err });
});
