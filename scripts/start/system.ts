import { join } from 'node:path';
import { DATABASE_APPS, userOfApp } from '@onsale/database/tables';
import { startDatabase, startRedis, type DatabaseEngine } from '@onsale/services';
import { REDIS_ACCESS } from '@onsale/waiting-room/access';
import { appUnit, endOfLog, planApps, reached, turnLog, type Surroundings } from './apps.ts';
import { shownHost } from './shown-host.ts';
import { keepOperator, keepSecrets, removeAddresses, writeAddresses, type Operator } from './data-folder.ts';
import { bundleLibraries } from './one-file-libraries.ts';
import type { PublicPorts } from './ports.ts';
import { prepare } from './prepare-database.ts';
import { assertProduction } from './production.ts';
import { untilReady } from './readiness.ts';
import { Running } from './running.ts';
import type { Pace } from './supervise.ts';

export type SystemOptions = {
  readonly environment: NodeJS.ProcessEnv;
  readonly dataFolder: string;
  /** Kind of the private server, should the environment name none. */
  readonly database: DatabaseEngine;
  readonly host: string;
  readonly ports: PublicPorts;
  readonly say: (line: string) => void;
  /** Something keeps dying before the system has been ready once: the start is of no use. Later it is told, and everything else stays up. */
  readonly onHopeless: (why: string) => void;
  /** How what has died is started again; a test hurries. */
  readonly pace?: Pace;
};

export type System = {
  /** Resolves when the gateway says that every app is ready. Once. */
  start(): Promise<Started>;
  /** In order: the gateway, the apps, the servers. Also while it starts; harmless when called twice. */
  stop(): Promise<void>;
};
/** `demonstration`: what was done about it, `made`, `there` or `none`. `addresses`: as a person types them. */
export type Started = {
  /** None in production: the installation has its own. */
  readonly operator: Operator | undefined;
  readonly addresses: { readonly fans: string; readonly ops: string; readonly sandbox: string };
  readonly demonstration: string;
};

const LOG_LINES = 15;
const DEATH_LINES = 8;
/** What benches and crowds need; 32 MB of redo doubles the 99th percentile of holds. */
const DATABASE_SIZES = { redoMb: 256, bufferPoolMb: 512 };

export function openSystem(options: SystemOptions): System {
  const { dataFolder, say } = options;
  const logFolder = join(dataFolder, 'logs');
  let publish = (): void => undefined;
  let wasReady = false;
  const running = new Running({
    died: (name, how, againInMs) => {
      say(`${name} died (${how}); starting it again in ${againInMs} ms`);
      // Killed from outside is no riddle; a program that ends by itself says why.
      if (!how.startsWith('SIG')) say(indented(endOfLog(logFolder, name, DEATH_LINES)));
    },
    started: (name) => {
      publish();
      say(`${name} runs again`);
    },
    keepsDying: (name, how) => {
      const told = `${name} keeps dying (${how}). The end of its log:\n${endOfLog(logFolder, name, LOG_LINES)}`;
      if (!wasReady) return options.onHopeless(told);
      say(`${told}\nEverything else goes on; ${name} is started again every few seconds.`);
    },
  }, options.pace);
  return {
    start: () =>
      startAll(options, running, (write) => {
        publish = write;
        wasReady = true;
      }),
    stop: () => {
      publish = () => undefined;
      removeAddresses(dataFolder);
      return running.stop();
    },
  };
}

const indented = (text: string): string => text.replace(/^/gm, '    ');

async function startAll(options: SystemOptions, running: Running, onReady: (publish: () => void) => void): Promise<Started> {
  const { environment, dataFolder, host, ports } = options;
  const production = environment['NODE_ENV'] === 'production';
  if (production) await assertProduction(environment, host, ports);
  const operator = production ? undefined : keepOperator(dataFolder, reached(host, ports.ops));
  const [servers, secretsPath, libraries] = await Promise.all([
    startServers(options, running),
    production ? '' : keepSecrets(dataFolder),
    production ? undefined : bundleLibraries(dataFolder),
  ]);
  const urls = { redisUrl: servers.redisUrl, databaseUrl: servers.databaseUrl };
  const shown = await shownHost(host);
  const around: Surroundings = { environment, host, shown, ports, dataFolder, secretsPath, libraries, ...servers };
  // Production's schema is brought up to date by scripts/migrate.ts before a version is rolled out, and has no demonstration.
  const demonstration = production ? 'none' : await prepare(around, options.database);
  const logFolder = join(dataFolder, 'logs');
  const plans = await planApps(around);
  const internal = Object.fromEntries(plans.map(({ name, internalUrl }) => [name, internalUrl]));
  for (const plan of plans) {
    turnLog(logFolder, plan.name);
    await running.start(appUnit(plan, logFolder));
  }
  await untilReady(
    internal['web'] as string,
    () => running.stopped,
    (name) => endOfLog(logFolder, name, 1),
  );
  const publish = (): void =>
    writeAddresses(dataFolder, {
      gateway: reached(host, ports.gateway),
      ops: reached(host, ports.ops),
      sandbox: production ? null : reached(host, ports.sandbox),
      internal,
      ...urls,
      processes: running.processes(),
    });
  publish();
  onReady(publish);
  const seen = (port: number): string => `http://${shown}:${port}`;
  return { operator, demonstration, addresses: { fans: seen(ports.gateway), ops: seen(ports.ops), sandbox: seen(ports.sandbox) } };
}

/** `storesOf`: what an app is told: the private servers as its own user, and only those that it has one in; a person's own as they were given. */
type Servers = { readonly redisUrl: string; readonly databaseUrl: string; readonly storesOf: (app: string) => NodeJS.ProcessEnv };

/** Private ones, both at once, unless the environment names others. */
async function startServers({ environment, dataFolder, database: engine }: SystemOptions, running: Running): Promise<Servers> {
  const begin = {
    redis: () => startRedis({ dir: join(dataFolder, 'redis'), users: redisUsers() }),
    database: () => startDatabase({ dir: join(dataFolder, engine), users: DATABASE_APPS.map(userOfApp), ...DATABASE_SIZES }, engine),
  };
  const [redis, database] = await Promise.all([
    environment['REDIS_URL'] ? undefined : startServer(running, 'redis', begin.redis),
    environment['DATABASE_URL'] ? undefined : startServer(running, engine, begin.database),
  ]);
  const redisUrl = redis?.url ?? environment['REDIS_URL'] ?? '';
  const databaseUrl = database?.url ?? environment['DATABASE_URL'] ?? '';
  const storesOf = (app: string): NodeJS.ProcessEnv => ({
    ...(app in REDIS_ACCESS ? { REDIS_URL: redis?.userUrl(userOfApp(app)) ?? redisUrl } : {}),
    ...((DATABASE_APPS as readonly string[]).includes(app) ? { DATABASE_URL: database?.userUrl(userOfApp(app)) ?? databaseUrl } : {}),
  });
  return { redisUrl, databaseUrl, storesOf };
}

const redisUsers = (): Record<string, string> => Object.fromEntries(Object.entries(REDIS_ACCESS).map(([app, rules]) => [userOfApp(app), rules]));

type AnyServer = Awaited<ReturnType<typeof startRedis>> | Awaited<ReturnType<typeof startDatabase>>;

async function startServer(running: Running, name: string, begin: () => Promise<AnyServer>): Promise<AnyServer> {
  let server: AnyServer | undefined;
  await running.start({
    name,
    start: async () => {
      if (server) await server.restart();
      else server = await begin();
      return server.pid;
    },
    ended: async () => {
      const exit = await server?.ended();
      return exit?.signal ?? `exit code ${exit?.code}`;
    },
    stop: async () => server?.stop(),
  });
  return server as unknown as AnyServer;
}
