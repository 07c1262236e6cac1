import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { INSIDE } from '@onsale/contract';
import { DATABASE_APPS, grantApps, migrate, userOfApp } from '@onsale/database';
import { REDIS_ACCESS } from '@onsale/waiting-room';
import { makeSecrets, openSecrets, type SecretKeys } from '@onsale/runtime';
import {
  freePort,
  startNode,
  startRedis,
  startDatabase,
  testEngine,
  type DatabaseEngine,
  type NodeApp,
  type Redis,
  type RedisOptions,
  type SqlServer,
  type SqlServerOptions,
} from '@onsale/services';
import { deniedByStores, deniedInLog } from './denied.ts';

/**
 * The whole system as processes, private and in a folder of its own: what journeys, faults and benches run against. Each part
 * can be killed and started again on its own port and data, several processes of one app stand side by side.
 */
export type AppName = 'admission' | 'booking' | 'ops' | 'worker' | 'web' | 'sandbox';
export type AppProcess = {
  readonly name: AppName;
  /** Of the public listener; the worker has none, and nobody answers there. */
  readonly port: number;
  readonly url: string;
  /** The internal listener: health, metrics, admission's redeem. */
  readonly internalUrl: string;
  readonly process: NodeApp;
  /** kill -9. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Starts it again on the same ports. */
  restart(): Promise<void>;
  log(): string;
};
export type WholeSystem = {
  readonly folder: string;
  readonly secrets: SecretKeys;
  readonly redis: Redis;
  readonly mariadb: SqlServer;
  readonly apps: (name: AppName) => readonly AppProcess[];
  readonly startApp: (name: AppName, options?: AppOptions) => Promise<AppProcess>;
  /** Ends everything. Throws when a store has refused an app for want of a right: a run with such a refusal is not green. */
  readonly close: () => Promise<void>;
};
export type AppOptions = { readonly env?: Record<string, string>; readonly nodeArgs?: readonly string[] };
export type SystemOptions = {
  /** How many processes of each; started in this order: sandbox, admission, booking, worker, ops, web. */
  readonly processes: Partial<Record<AppName, number>>;
  readonly redis?: Partial<RedisOptions>;
  readonly mariadb?: Partial<SqlServerOptions>;
  readonly env?: Record<string, string>;
  /** Arguments of Node for every app: `['--import', …]` loads something of the test's before it. */
  readonly nodeArgs?: readonly string[];
};

const CHECKOUT = resolve(import.meta.dirname, '../../..');
const START_ORDER: readonly AppName[] = ['sandbox', 'admission', 'booking', 'worker', 'ops', 'web'];
const BEHIND_THE_GATEWAY: ReadonlySet<AppName> = new Set<AppName>(['admission', 'booking']);
const LIVE_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 30;
const DENIED_TOLD_MAX = 5;

/** MySQL counts what it refuses in its performance schema only, which our user may not read without more. MariaDB has a status for everybody. */
const COUNTS_REFUSALS: Readonly<Record<DatabaseEngine, Partial<SqlServerOptions>>> = {
  mariadb: {},
  mysql: { rights: 'everything', settings: ['performance-schema=ON'] },
};

export async function openWholeSystem(options: SystemOptions): Promise<WholeSystem> {
  const folder = mkdtempSync(join(tmpdir(), 'onsale-system-'));
  const texts = makeSecrets();
  const secretsFile = join(folder, 'secrets.json');
  writeFileSync(secretsFile, JSON.stringify(texts), { mode: 0o600 });
  const [redis, mariadb] = await Promise.all([
    startRedis({ dir: join(folder, 'redis'), users: redisUsers(), ...options.redis }),
    startDatabase({ dir: join(folder, 'mariadb'), users: DATABASE_APPS.map(userOfApp), ...COUNTS_REFUSALS[testEngine()], ...options.mariadb }),
  ]);
  await migrate(mariadb.url);
  await grantApps(mariadb.url, '127.0.0.1');
  const started = new Map<AppName, AppProcess[]>();
  const ports = await addressesOf();
  const common = {
    PATH: process.env['PATH'] ?? '',
    ...recorder(),
    NODE_ENV: 'test',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
    ONSALE_DATA: folder,
    ONSALE_SECRETS: secretsFile,
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(tmpdir(), 'onsale-test-compile-cache'),
    ...ports.urls,
    ...options.env,
  };
  const startApp = async (name: AppName, { env = {}, nodeArgs = options.nodeArgs ?? [] }: AppOptions = {}): Promise<AppProcess> => {
    const known = started.get(name) ?? [];
    const first = known.length === 0;
    const port = first ? ports.of[name] : await freePort();
    const internalPort = first ? ports.internal[name] : await freePort();
    const app = await openApp({
      name,
      port,
      internalPort,
      nodeArgs,
      logFile: join(folder, `${name}-${known.length}.log`),
      // Operators have an origin of their own, as in production.
      env: {
        ...storesOf(name, redis, mariadb),
        ...common,
        ...(name === 'ops' ? { PUBLIC_ORIGIN: `http://127.0.0.1:${port}` } : {}),
        ...(BEHIND_THE_GATEWAY.has(name) ? { TRUST_PROXY: '1' } : {}),
        PORT: String(port), INTERNAL_PORT: String(internalPort),
        ...env,
      },
    });
    started.set(name, [...known, app]);
    return app;
  };
  const close = async (): Promise<void> => {
    const processes = [...started.values()].flat();
    await Promise.all(processes.map((app) => app.kill()));
    const denied = [...processes.flatMap((app) => deniedInLog(app.log())), ...await deniedByStores({ redisUrl: redis.url, databaseUrl: mariadb.url })];
    await Promise.all([redis.kill(), mariadb.kill()]);
    rmSync(folder, { recursive: true, force: true });
    if (denied.length > 0) throw new Error(`an app tried what its user may not:\n${denied.slice(0, DENIED_TOLD_MAX).join('\n')}`);
  };
  try {
    for (const name of START_ORDER) for (let count = options.processes[name] ?? 0; count > 0; count -= 1) await startApp(name);
  } catch (error) {
    await close();
    throw error;
  }
  return { folder, secrets: openSecrets(texts), redis, mariadb, startApp, apps: (name) => started.get(name) ?? [], close };
}

const redisUsers = (): Record<string, string> => Object.fromEntries(Object.entries(REDIS_ACCESS).map(([app, rules]) => [userOfApp(app), rules]));

/** Each app is told of the stores that it has a user in, and of no other. */
function storesOf(name: AppName, redis: Redis, database: SqlServer): Record<string, string> {
  return {
    ...(name in REDIS_ACCESS ? { REDIS_URL: redis.userUrl(userOfApp(name)) } : {}),
    ...((DATABASE_APPS as readonly string[]).includes(name) ? { DATABASE_URL: database.userUrl(userOfApp(name)) } : {}),
  };
}

/** What `npm test` loads into its processes to write down their statements is loaded into these too. */
function recorder(): Record<string, string> {
  const { NODE_OPTIONS, ONSALE_STATEMENTS } = process.env;
  return NODE_OPTIONS === undefined || ONSALE_STATEMENTS === undefined ? {} : { NODE_OPTIONS, ONSALE_STATEMENTS };
}

/** The ports of each app's first process are chosen beforehand: the others are told them. */
async function addressesOf() {
  const of = {} as Record<AppName, number>;
  for (const name of START_ORDER) of[name] = await freePort();
  const internal = {} as Record<AppName, number>;
  for (const name of START_ORDER) internal[name] = await freePort();
  const url = (port: number): string => `http://127.0.0.1:${port}`;
  const urls = {
    ADMISSION_URL: url(of.admission),
    BOOKING_URL: url(of.booking),
    ...Object.fromEntries(START_ORDER.map((name) => [`${name.toUpperCase()}_INTERNAL_URL`, url(internal[name])])),
    SANDBOX_URL: url(of.sandbox),
    TOSS_URL: url(of.sandbox),
    PUBLIC_ORIGIN: url(of.web),
  };
  return { of, internal, urls };
}

type Launch = {
  readonly name: AppName;
  readonly port: number;
  readonly internalPort: number;
  readonly nodeArgs: readonly string[];
  readonly logFile: string;
  readonly env: Record<string, string>;
};

async function openApp({ name, port, internalPort, nodeArgs, logFile, env }: Launch): Promise<AppProcess> {
  const script = join(CHECKOUT, 'apps', name, 'src/main.ts');
  const [url, internalUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${internalPort}`];
  let child: NodeApp;
  const launch = async (): Promise<void> => {
    child = startNode(script, { name, env, nodeArgs, logFile });
    const deadline = performance.now() + LIVE_WITHIN_MS;
    while (performance.now() < deadline && child.running) {
      if (
        await fetch(internalUrl + INSIDE.live).then(
          (answer) => answer.ok,
          () => false,
        )
      )
        return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    throw new Error(`${name} did not start:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`);
  };
  await launch();
  return {
    name,
    port,
    url,
    internalUrl,
    get process() {
      return child;
    },
    kill: () => child.kill(),
    stop: () => child.stop(),
    restart: async () => {
      if (child.running) await child.stop();
      await launch();
    },
    log: () => readFileSync(logFile, 'utf8'),
  };
}
