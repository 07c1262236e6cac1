import { existsSync, openSync, closeSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, startNode, type NodeApp } from '@onsale/services';
import { CHECKOUT } from './checkout.ts';
import type { PublicPorts } from './ports.ts';
import { bracketed, isEverywhere, networkAddresses } from './shown-host.ts';
import type { Unit } from './supervise.ts';

/** Everything an app is told, and where it is reached. Kept over restarts: the others know it under this address. */
export type Plan = { readonly name: Name; /** Its internal listener. */ readonly internalUrl: string; readonly env: NodeJS.ProcessEnv };

export type Surroundings = {
  readonly environment: NodeJS.ProcessEnv;
  readonly host: string;
  /** The name under which browsers reach it. */
  readonly shown: string;
  readonly ports: PublicPorts;
  readonly dataFolder: string;
  readonly secretsPath: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly storesOf: (app: string) => NodeJS.ProcessEnv;
  /** Folder of libraries in few files, if there is one. */
  readonly libraries: string | undefined;
};

const LOOPBACK = '127.0.0.1';
/** Handed on as they are: what a person may want to set for every app. */
const PASSED_ON = [
  'PATH', 'HOME', 'USER', 'LANG', 'TZ', 'TMPDIR', 'NODE_ENV', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'LOG_LEVEL', 'NO_COLOR', 'FORCE_COLOR',
  'NODE_COMPILE_CACHE',
];
const NAMES = ['admission', 'booking', 'worker', 'ops', 'sandbox', 'web'] as const;
type Name = (typeof NAMES)[number];
/** Reached from outside when HOST opens them; the others are for our own processes alone. */
const OPEN: readonly Name[] = ['web', 'ops', 'sandbox'];

/** The apps that exist. */
export async function planApps(around: Surroundings): Promise<Plan[]> {
  const { ports, host, environment } = around;
  const production = environment['NODE_ENV'] === 'production';
  const [admission, booking, ...internal] = (await distinctPorts(2 + NAMES.length)) as [number, number, ...number[]];
  const portOf: Record<Exclude<Name, 'worker'>, number> = { admission, booking, ops: ports.ops, sandbox: ports.sandbox, web: ports.gateway };
  const internalPortOf = Object.fromEntries(NAMES.map((name, n) => [name, internal[n]])) as Record<Name, number>;
  const common = {
    ...(production ? environment : only(environment, PASSED_ON)),
    ADMISSION_URL: local(admission),
    BOOKING_URL: local(booking),
    ...internalUrls(internalPortOf, production),
    ONSALE_DATA: around.dataFolder,
    NODE_COMPILE_CACHE: join(around.dataFolder, 'compile-cache'),
    ...(around.libraries ? { ONSALE_LIBRARIES: around.libraries } : {}),
    ...(production ? {} : sandboxEnvironment(around)),
  };
  const keep = production ? await onlyWhatItReads() : (_name: Name, env: NodeJS.ProcessEnv) => env;
  return NAMES.filter((name) => existsSync(scriptOf(name)) && !(production && name === 'sandbox')).map((name) => ({
    name,
    internalUrl: local(internalPortOf[name]),
    env: keep(name, {
      ...common,
      ...around.storesOf(name),
      ...(name === 'worker' ? {} : { PORT: String(portOf[name]), HOST: OPEN.includes(name) ? host : LOOPBACK }),
      INTERNAL_PORT: String(internalPortOf[name]),
      INTERNAL_HOST: LOOPBACK,
      ...originOf(around, name),
      ...trusted(environment, name),
    }),
  }));
}

/** Under which each app's internal listener is told to the others. */
const internalUrls = (ports: Record<Name, number>, production: boolean): NodeJS.ProcessEnv =>
  Object.fromEntries(
    NAMES.filter((name) => !(production && name === 'sandbox')).map((name) => [`${name.toUpperCase()}_INTERNAL_URL`, local(ports[name])]),
  );

/** In production a person's environment holds the secrets of every app; each gets what its configuration reads, as in docker-compose.yml. */
async function onlyWhatItReads(): Promise<(name: Name, env: NodeJS.ProcessEnv) => NodeJS.ProcessEnv> {
  const { variablesOf } = await import('@onsale/runtime');
  return (name, env) => only(env, [...PASSED_ON, ...variablesOf(name)]);
}

/** The payment window is opened by the fan's browser, the provider's API by our own processes. */
const sandboxEnvironment = ({ host, shown, ports, secretsPath }: Surroundings): NodeJS.ProcessEnv => ({
  ONSALE_SECRETS: secretsPath,
  TOSS_URL: reached(host, ports.sandbox),
  SANDBOX_URL: `http://${shown}:${ports.sandbox}`,
});

/** Where browsers see an app: operators and the sandbox's window at their own ports, everything else through the gateway. */
function originOf(around: Surroundings, name: Name): NodeJS.ProcessEnv {
  const { environment, ports } = around;
  const own = name === 'ops' || name === 'sandbox';
  const given = own ? environment['OPS_ORIGIN'] : environment['PUBLIC_ORIGIN'];
  if (given) return { PUBLIC_ORIGIN: given };
  if (environment['NODE_ENV'] === 'production') return {};
  return { PUBLIC_ORIGIN: originsOf(around, own ? ports[name] : ports.gateway) };
}

/** Whose word about the fan's address is believed: our own gateway's by the two it hands fans to, by the others what a person set up. */
function trusted(environment: NodeJS.ProcessEnv, name: Name): NodeJS.ProcessEnv {
  const isBehindGateway = name === 'admission' || name === 'booking';
  if (isBehindGateway) return { TRUST_PROXY: '1', TRUSTED_PROXIES: 'loopback' };
  return { TRUST_PROXY: environment['TRUST_PROXY'] || '0', TRUSTED_PROXIES: environment['TRUSTED_PROXIES'] || 'loopback' };
}

const scriptOf = (name: string): string => join(CHECKOUT, 'apps', name, 'src/main.ts');

/** An app as a unit that can be watched: output in its own log, cache of compiled code in the data folder. */
export function appUnit(plan: Plan, logFolder: string): Unit & { pid(): number } {
  const logFile = join(logFolder, `${plan.name}.log`);
  let app: NodeApp | undefined;
  return {
    name: plan.name,
    pid: () => app?.pid ?? -1,
    start: async () => {
      app = startNode(scriptOf(plan.name), { name: plan.name, env: plan.env, logFile, nodeArgs: ['--import', join(import.meta.dirname, 'preload.mjs')] });
      return app.pid;
    },
    ended: async () => {
      if (!app) return 'never started';
      const { code, signal } = await app.ended();
      return signal ?? `exit code ${code}`;
    },
    stop: async () => app?.stop(),
  };
}

/** Yesterday's output is kept once; today's begins empty. */
export function turnLog(logFolder: string, name: string): void {
  const file = join(logFolder, `${name}.log`);
  if (existsSync(file)) renameSync(file, join(logFolder, `${name}.previous.log`));
  closeSync(openSync(file, 'a', 0o600));
}

export function endOfLog(logFolder: string, name: string, lines: number): string {
  try {
    return readFileSync(join(logFolder, `${name}.log`), 'utf8')
      .trimEnd()
      .split('\n')
      .slice(-lines)
      .join('\n');
  } catch {
    return '';
  }
}

const local = (port: number): string => `http://${LOOPBACK}:${port}`;
/** How our own processes reach a port that listens on `host`. */
export const reached = (host: string, port: number): string => `http://${isEverywhere(host) ? LOOPBACK : bracketed(host)}:${port}`;

/** The runtime takes the three names of the loopback for one. */
function originsOf({ host, shown }: Surroundings, port: number): string {
  const hosts = isEverywhere(host) ? ['localhost', ...networkAddresses()] : [shown];
  return hosts.map((name) => `http://${name}:${port}`).join(',');
}

async function distinctPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

const only = (env: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv =>
  Object.fromEntries(names.filter((name) => env[name] !== undefined).map((name) => [name, env[name]]));
