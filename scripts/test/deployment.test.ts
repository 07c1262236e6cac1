import { randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DATABASE_APPS, userOfApp } from '@onsale/database';
import { ConfigRefused, makeSecrets, readConfig, variablesOf, type AppName } from '@onsale/runtime';
import { REDIS_ACCESS } from '@onsale/waiting-room';
import t from 'tap';
import { parse } from 'yaml';

// Neither compose nor the workflow can be run where the suite runs; what can be known without running them is checked here.

const CHECKOUT = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(CHECKOUT, path), 'utf8');

type Service = {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly networks?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly secrets?: readonly string[];
  readonly build?: { readonly dockerfile: string };
};
type Compose = { services: Record<string, Service>; volumes: object; networks: Record<string, { internal?: boolean } | null>; secrets: object };

const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const appsIn = (folder: string): string[] => readdirSync(join(CHECKOUT, folder)).filter((name) => existsSync(join(CHECKOUT, folder, name, 'src/main.ts')));

/** What a person sets before `docker compose up`, with values such as production takes. */
function sampleVariables(): Record<string, string> {
  const made = makeSecrets(randomBytes);
  return {
    PUBLIC_HOST: 'tickets.example',
    OPS_HOST: 'ops.example',
    OPS_ALLOW: 'allow 10.0.0.0/8;',
    REDIS_PASSWORD: 'r3dis',
    DATABASE_PASSWORD: 'd4tabase',
    ...Object.fromEntries(['ADMISSION', 'WORKER', 'OPS'].map((app) => [`REDIS_PASSWORD_${app}`, `r${app}`])),
    ...Object.fromEntries(['BOOKING', 'WORKER', 'OPS'].map((app) => [`DATABASE_PASSWORD_${app}`, `d${app}`])),
    TLS_CERTIFICATE: 'crt',
    TLS_KEY: 'key',
    ONSALE_ENTRY_KEYS: JSON.stringify(made.entryKeys),
    ONSALE_TICKET_KEYS: JSON.stringify(made.ticketKeys),
    ONSALE_RECEIPT_SECRET: made.receipt.join(),
    ONSALE_DEVICE_SECRET: made.device.join(),
    ONSALE_SESSION_SECRET: made.session.join(),
    ONSALE_ORDER_SECRET: made.order.join(),
    ONSALE_HOLD_ID_SECRET: made.holdId.join(),
    ONSALE_INTERNAL_SECRET: made.internal.join(),
    ONSALE_TOSS_ORDER_MAC_SECRET: made.toss.orderMac.join(),
    TOSS_CLIENT_KEY: 'live_ck_0123456789',
    TOSS_SECRET_KEY: 'live_sk_0123456789',
  };
}

/** `${NAME}`, `${NAME:-default}` and `${NAME:?message}`, as compose fills them in. */
function fill(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind: string | undefined, rest: string) => {
    const value = variables[name] ?? (kind === '-' ? rest : undefined);
    if (value === undefined) throw new Error(`${name} has no value`);
    return value;
  });
}

t.test('compose: every app but the sandbox, MySQL, Redis, the migrations and nginx', async (t) => {
  const apps = appsIn('apps').filter((name) => name !== 'sandbox');
  for (const app of apps) t.same(compose.services[app]?.command, ['node', `apps/${app}/src/main.ts`], app);
  t.notOk('sandbox' in compose.services, 'nothing of the sandbox in production');
  t.equal(compose.services['mysql']?.image, 'mysql:8.4');
  t.equal(compose.services['redis']?.image, 'redis:7');
  t.ok(existsSync(join(CHECKOUT, compose.services['migrate']?.command?.[1] ?? '?')));
});

t.test('compose: names that are used exist, every service has a health check, only nginx is reached from outside', async (t) => {
  for (const [name, service] of Object.entries(compose.services)) {
    for (const dependency of Object.keys(service.depends_on ?? {})) t.ok(dependency in compose.services, `${name} depends on ${dependency}`);
    for (const network of service.networks ?? []) t.ok(network in compose.networks, `${name} is in ${network}`);
    for (const secret of service.secrets ?? []) t.ok(secret in compose.secrets, `${name} reads ${secret}`);
    for (const volume of service.volumes ?? []) {
      const source = volume.split(':')[0] as string;
      t.ok(source.startsWith('.') ? existsSync(join(CHECKOUT, source)) : source in compose.volumes, `${name} mounts ${source}`);
    }
    if (service.build) t.ok(existsSync(join(CHECKOUT, service.build.dockerfile)), `${name} is built from ${service.build.dockerfile}`);
    if (name !== 'migrate') t.ok(service.healthcheck?.test, `${name} has a health check`);
    if (name !== 'nginx') t.notOk(service.ports, `${name} has no port outside`);
    t.ok(service.networks?.includes('inside'), `${name} is inside`);
  }
  t.equal(compose.networks['inside']?.internal, true);
});

t.test('compose: each app accepts its environment in production, and needs all of it', async (t) => {
  const variables = sampleVariables();
  const names = Object.keys(compose.services).filter((name) => existsSync(join(CHECKOUT, 'apps', name)));
  t.ok(names.length >= 3);
  for (const name of names) {
    const given = compose.services[name]?.environment ?? {};
    const env = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, fill(String(value), variables)]));
    t.equal(readConfig(name as AppName, env).production, true, name);
    // The control: without its secrets the same app refuses to start.
    const secrets = Object.entries(given).filter(([key]) => /SECRET|KEY/.test(key));
    for (const [key] of secrets) t.throws(() => readConfig(name as AppName, { ...env, [key]: '' }), ConfigRefused, `${name} without ${key}`);
    if (name !== 'web') t.ok(secrets.length > 0, name);
  }
});

/** What a service is told that it does not read. */
const strange = (app: string, given: Readonly<Record<string, string>>): string[] =>
  Object.keys(given).filter((name) => !variablesOf(app as AppName).includes(name));

t.test('compose: each app is told what it reads and nothing else, and comes to the stores as itself', async (t) => {
  const variables = sampleVariables();
  for (const app of appsIn('apps').filter((name) => name !== 'sandbox')) {
    const given = compose.services[app]?.environment ?? {};
    t.same(strange(app, given), [], app);
    const userOf = (name: string): string | undefined => (given[name] === undefined ? undefined : new URL(fill(given[name], variables)).username);
    t.equal(userOf('DATABASE_URL'), (DATABASE_APPS as readonly string[]).includes(app) ? userOfApp(app) : undefined, `${app} and MySQL`);
    t.equal(userOf('REDIS_URL'), app in REDIS_ACCESS ? userOfApp(app) : undefined, `${app} and Redis`);
  }
  t.same(strange('admission', { ...compose.services['admission']?.environment, DATABASE_URL: 'x' }), ['DATABASE_URL'], 'negative control');
  t.same(strange('booking', { REDIS_URL: 'x', ONSALE_ENTRY_KEYS: 'x' }), ['REDIS_URL', 'ONSALE_ENTRY_KEYS'], 'negative control');
});

t.test('compose: the users of MySQL and Redis are those that the code declares', async (t) => {
  const start = read('scripts/images/redis-start.sh');
  const parts = new Map(Array.from(start.matchAll(/^([A-Z]+)='(.*)'$/gm), ([, name = '', text = '']) => [name, text]));
  const redis = start.replace(/\$([A-Z]+)\b/g, (whole, name: string) => parts.get(name) ?? whole);
  const declared = Object.entries(REDIS_ACCESS).map(([app, rules]) => (
    `user ${userOfApp(app)} on >$REDIS_PASSWORD_${app.toUpperCase()} resetkeys resetchannels -@all ${rules}`
  ));
  t.same(redis.split('\n').filter((line) => /^user onsale_/.test(line)).sort(), declared.sort());
  const made = Array.from(read('scripts/images/mysql-users.sh').matchAll(/CREATE USER IF NOT EXISTS '(\w+)'/g), ([, user]) => user);
  t.same(made.sort(), DATABASE_APPS.map(userOfApp).sort());
  t.ok(compose.services['migrate']?.environment?.['DATABASE_APPS_FROM']);
  for (const file of ['mysql-users.sh', 'redis-start.sh']) t.equal(spawnSync('bash', ['-n', join(CHECKOUT, 'scripts/images', file)]).status, 0, file);
});

t.test('compose: no secret stands in the file', async (t) => {
  for (const [name, service] of Object.entries(compose.services)) {
    for (const [key, value] of Object.entries(service.environment ?? {})) {
      if (!/SECRET|PASSWORD$|KEY|_URL$/.test(key) || /RANDOM/.test(key)) continue;
      t.ok(/\$\{\w+:\?/.test(String(value)) || /^http:\/\/[a-z]+:\d+$/.test(String(value)), `${name}: ${key} comes from outside`);
    }
  }
});

t.test('nginx: whom it proxies to exists, limits and sockets are there (nginx.test.ts runs it)', async (t) => {
  const config = read('scripts/images/nginx.conf.template').replace(/#.*$/gm, '');
  for (const [, service = '', port] of config.matchAll(/^\s*server (\w+):(\d+) resolve;/gm)) {
    t.ok(service in compose.services, service);
    t.equal(compose.services[service]?.environment?.['PORT'], port);
  }
  const upstreams = [...config.matchAll(/upstream (\w+) \{/g)].map((match) => match[1]);
  for (const [, name] of config.matchAll(/proxy_pass http:\/\/(\w+);/g)) t.ok(upstreams.includes(name), `${name}`);
  for (const [, name = ''] of config.matchAll(/\$\{(\w+)\}/g)) t.ok(name in (compose.services['nginx']?.environment ?? {}), name);
  for (const word of ['limit_req ', 'limit_conn ', 'gzip on', 'Upgrade', 'proxy_next_upstream   off']) t.ok(config.includes(word), word);
});

t.test('image: Node of the base image, nothing of a development machine', async (t) => {
  const dockerfile = read('scripts/images/Dockerfile');
  t.match(dockerfile, /^FROM node:24/m);
  t.match(dockerfile, /^USER node$/m);
  t.match(dockerfile, /npm ci --ignore-scripts/);
  const ignored = read('scripts/images/Dockerfile.dockerignore').split('\n');
  for (const path of ['.git', '.data', '**/node_modules']) t.ok(ignored.includes(path), path);
});

t.test('workflow: the suite on three databases, and on a bare machine', async (t) => {
  type Job = {
    strategy?: { matrix: { database: { image: string }[] } };
    env?: Record<string, string>;
    services?: Record<string, { image: string; ports: string[] }>;
    steps: { run?: string; uses?: string }[];
  };
  const { jobs } = parse(read('.github/workflows/test.yml')) as { jobs: Record<string, Job> };
  const suite = jobs['suite'] as Job;
  t.same(
    suite.strategy?.matrix.database.map(({ image }) => image),
    ['mariadb:10.11', 'mariadb:11.8', 'mysql:8.4'],
  );
  t.match(suite.env?.['DATABASE_URL'], /^mysql:\/\/root:[^@]+@127\.0\.0\.1:3306\/onsale$/);
  t.ok(suite.env?.['REDIS_URL']);
  for (const [name, job] of Object.entries(jobs))
    t.ok(
      job.steps.some(({ run }) => run === 'npm test'),
      name,
    );
  const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;
  for (const [name, command] of Object.entries(scripts)) {
    const file = /\b((?:scripts|bench)\/\S+)/.exec(command)?.[1];
    if (file) t.ok(existsSync(join(CHECKOUT, file)), `npm run ${name}: ${file}`);
  }
});

/** Images that stand under a tag: no digest of theirs could be looked up. One that gets a digest leaves the list. */
const UNDER_A_TAG = ['mariadb:10.11', 'mariadb:11.8', 'mysql:8.4', 'nginx:1.28', 'node:24-bookworm-slim', 'redis:7'];
/** Built here, from the checkout. */
const OUR_OWN = 'onsale:latest';
const PINNED = /@(?:sha256:[0-9a-f]{64}|[0-9a-f]{40})$/;
const unpinned = (text: string): string[] => [
  ...new Set(Array.from(text.matchAll(/\b(?:image:|uses:|FROM)\s+"?([^\s",}]+)/g), ([, name = '']) => name)),
].filter((name) => !PINNED.test(name) && name !== OUR_OWN && !name.startsWith('${{')).sort();

t.test('every image and action is pinned by digest, or stands in the list of those that are not', async (t) => {
  const texts = ['docker-compose.yml', '.github/workflows/test.yml', 'scripts/images/Dockerfile'].map(read);
  t.same(unpinned(texts.join('\n')), UNDER_A_TAG);
  const digest = 'a'.repeat(64);
  const given = `image: redis:7\nimage: "redis:7@sha256:${digest}"\n- uses: actions/checkout@v4\n- uses: actions/checkout@${'b'.repeat(40)} # v4`;
  t.same(unpinned(given), ['actions/checkout@v4', 'redis:7'], 'negative control');
});
