import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMariadb, startNode, startRedis } from '@onsale/services';
import { appUnit, endOfLog, planApps, publicHost, reached, turnLog, type Surroundings } from './apps.ts';
import { CHECKOUT } from './checkout.ts';
import { keepOperator, keepSecrets, removeAddresses, writeAddresses, type Operator } from './data-folder.ts';
import { StartRefused, type PublicPorts } from './ports.ts';
import { Running } from './running.ts';

export type SystemOptions = {
  readonly environment: NodeJS.ProcessEnv;
  readonly dataFolder: string;
  readonly host: string;
  readonly ports: PublicPorts;
  readonly say: (line: string) => void;
  /** Something died so often that going on is of no use. */
  readonly onGivenUp: (why: string) => void;
};

export type System = {
  /** Resolves when the gateway says that every app is ready. Once. */
  start(): Promise<Started>;
  /** In order: the gateway, the apps, the servers. Also while it starts; harmless when called twice. */
  stop(): Promise<void>;
};
/** `demonstration`: what was done about it, `made` or `there`. `addresses`: as a person types them. */
export type Started = {
  readonly operator: Operator;
  readonly addresses: { readonly fans: string; readonly ops: string; readonly sandbox: string };
  readonly demonstration: string;
};

const READY_MS = 90_000;
const READY_LOOK_MS = 20;
const PREPARE_MS = 120_000;
const LOG_LINES = 15;
/** What benches and crowds need; 32 MB of redo doubles the 99th percentile of holds. */
const MARIADB_SIZES = { redoMb: 256, bufferPoolMb: 512 };

export function openSystem(options: SystemOptions): System {
  const { dataFolder, say } = options;
  const logFolder = join(dataFolder, 'logs');
  let publish = (): void => undefined;
  const running = new Running({
    died: (name, how, againInMs) => say(`${name} died (${how}); starting it again in ${againInMs} ms`),
    started: (name) => {
      publish();
      say(`${name} runs again`);
    },
    gaveUp: (name, how) => options.onGivenUp(`${name} keeps dying (${how}). The end of its log:\n${endOfLog(logFolder, name, LOG_LINES)}`),
  });
  return {
    start: () =>
      startAll(options, running, (write) => {
        publish = write;
      }),
    stop: () => {
      publish = () => undefined;
      removeAddresses(dataFolder);
      return running.stop();
    },
  };
}

async function startAll({ environment, dataFolder, host, ports }: SystemOptions, running: Running, onReady: (publish: () => void) => void): Promise<Started> {
  const operator = keepOperator(dataFolder, reached(host, ports.ops));
  const [servers, secretsPath] = await Promise.all([startServers(environment, dataFolder, running), keepSecrets(dataFolder)]);
  const around: Surroundings = { environment, host, ports, dataFolder, secretsPath, ...servers };
  const demonstration = await prepare(around);
  const logFolder = join(dataFolder, 'logs');
  for (const plan of await planApps(around)) {
    turnLog(logFolder, plan.name);
    await running.start(appUnit(plan, logFolder));
  }
  await untilReady(reached(host, ports.gateway), running, logFolder);
  const publish = (): void =>
    writeAddresses(dataFolder, {
      gateway: reached(host, ports.gateway),
      ops: reached(host, ports.ops),
      sandbox: reached(host, ports.sandbox),
      ...servers,
      processes: running.processes(),
    });
  publish();
  onReady(publish);
  const seen = (port: number): string => `http://${publicHost(host)}:${port}`;
  return { operator, demonstration, addresses: { fans: seen(ports.gateway), ops: seen(ports.ops), sandbox: seen(ports.sandbox) } };
}

type Servers = { readonly redisUrl: string; readonly databaseUrl: string };

/** Private ones, both at once, unless the environment names others. */
async function startServers(environment: NodeJS.ProcessEnv, dataFolder: string, running: Running): Promise<Servers> {
  const [redisUrl, databaseUrl] = await Promise.all([
    environment['REDIS_URL'] || startServer(running, 'redis', () => startRedis({ dir: join(dataFolder, 'redis') })),
    environment['DATABASE_URL'] || startServer(running, 'mariadb', () => startMariadb({ dir: join(dataFolder, 'mariadb'), ...MARIADB_SIZES })),
  ]);
  return { redisUrl, databaseUrl };
}

type AnyServer = Awaited<ReturnType<typeof startRedis>> | Awaited<ReturnType<typeof startMariadb>>;

async function startServer(running: Running, name: string, begin: () => Promise<AnyServer>): Promise<string> {
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
  return (server as unknown as AnyServer).url;
}

/** Schema, operator and demonstration, in a process that ends. Resolves to what was done about the demonstration. */
async function prepare(around: Surroundings): Promise<string> {
  const logFolder = join(around.dataFolder, 'logs');
  turnLog(logFolder, 'prepare');
  const app = startNode(join(CHECKOUT, 'scripts/prepare.ts'), {
    name: 'prepare',
    logFile: join(logFolder, 'prepare.log'),
    env: {
      PATH: around.environment['PATH'],
      ONSALE_DATA: around.dataFolder,
      DATABASE_URL: around.databaseUrl,
      REDIS_URL: around.redisUrl,
      NODE_COMPILE_CACHE: join(around.dataFolder, 'compile-cache'),
    },
  });
  try {
    const isDone = (message: unknown): message is { prepared: { demonstration: string } } =>
      typeof message === 'object' && message !== null && 'prepared' in message;
    return (await app.message(isDone, PREPARE_MS)).prepared.demonstration;
  } catch (error) {
    throw new StartRefused(`the database could not be prepared: ${(error as Error).message}\n${endOfLog(logFolder, 'prepare', LOG_LINES)}`);
  } finally {
    await Promise.race([app.ended(), app.stop()]);
  }
}

/** The gateway answers 200 when every app is ready. Names who is not, when the time is over. */
async function untilReady(gateway: string, running: Running, logFolder: string): Promise<void> {
  const deadline = performance.now() + READY_MS;
  let last = 'the gateway does not answer';
  while (performance.now() < deadline && !running.stopped) {
    try {
      const answer = await fetch(`${gateway}/health/ready`, { signal: AbortSignal.timeout(2_000) });
      if (answer.ok) return;
      last = await answer.text();
    } catch {
      // Not there yet.
    }
    await sleep(READY_LOOK_MS);
  }
  if (running.stopped) throw new StartRefused('stopped while starting');
  const logs = Object.keys(running.processes())
    .map((name) => endOfLog(logFolder, name, 3))
    .filter((text) => text !== '')
    .join('\n');
  throw new StartRefused(`not ready after ${READY_MS / 1000} s: ${last}\n${logs}`);
}
