import { existsSync, openSync, closeSync, readFileSync, renameSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { freePort, startNode, type NodeApp } from '@onsale/services';
import { CHECKOUT } from './checkout.ts';
import type { PublicPorts } from './ports.ts';
import type { Unit } from './supervise.ts';

/** Everything an app is told, and where it is reached. Kept over restarts: the others know it under this address. */
export type Plan = { readonly name: string; readonly port: number; readonly env: NodeJS.ProcessEnv };

export type Surroundings = {
  readonly environment: NodeJS.ProcessEnv;
  readonly host: string;
  readonly ports: PublicPorts;
  readonly dataFolder: string;
  readonly secretsPath: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
};

const LOOPBACK = '127.0.0.1';
/** Handed on as they are: what a person may want to set for every app. */
const PASSED_ON = ['PATH', 'HOME', 'USER', 'LANG', 'TZ', 'TMPDIR', 'NODE_ENV', 'NODE_OPTIONS', 'LOG_LEVEL', 'NO_COLOR', 'FORCE_COLOR'];
const NAMES = ['admission', 'booking', 'worker', 'ops', 'sandbox', 'web'] as const;
type Name = (typeof NAMES)[number];

/** The apps that exist, in the order in which they are stopped the other way round: the gateway goes first. */
export async function planApps(around: Surroundings): Promise<Plan[]> {
  const { ports, host } = around;
  const internal = await distinctPorts(4);
  const [admission, admissionInternal, booking, worker] = internal as [number, number, number, number];
  const portOf: Record<Name, number> = { admission, booking, worker, ops: ports.ops, sandbox: ports.sandbox, web: ports.gateway };
  const urls = {
    ADMISSION_URL: local(admission),
    ADMISSION_INTERNAL_URL: local(admissionInternal),
    BOOKING_URL: local(booking),
    WORKER_URL: local(worker),
    OPS_URL: reached(host, ports.ops),
    TOSS_URL: reached(host, ports.sandbox),
    // The payment window is opened by the fan's browser, the other addresses by our own processes.
    SANDBOX_URL: `http://${publicHost(host)}:${ports.sandbox}`,
  };
  const common = {
    ...only(around.environment, PASSED_ON),
    ...urls,
    ONSALE_DATA: around.dataFolder,
    ONSALE_SECRETS: around.secretsPath,
    REDIS_URL: around.redisUrl,
    DATABASE_URL: around.databaseUrl,
    NODE_COMPILE_CACHE: join(around.dataFolder, 'compile-cache'),
  };
  const open: readonly Name[] = ['web', 'ops', 'sandbox'];
  return NAMES.filter((name) => existsSync(scriptOf(name))).map((name) => ({
    name,
    port: portOf[name],
    env: {
      ...common,
      PORT: String(portOf[name]),
      HOST: open.includes(name) ? host : LOOPBACK,
      PUBLIC_ORIGIN: around.environment['PUBLIC_ORIGIN'] || originsOf(host, name === 'ops' || name === 'sandbox' ? portOf[name] : ports.gateway),
      TRUST_PROXY: String(trustedHops(around.environment, name)),
      ...(name === 'admission' ? { INTERNAL_PORT: String(admissionInternal), INTERNAL_HOST: LOOPBACK } : {}),
    },
  }));
}

/** Proxies whose word about the fan's address is believed: those a person set up, and our own gateway before the two it hands fans to. */
function trustedHops(environment: NodeJS.ProcessEnv, name: Name): number {
  return Number(environment['TRUST_PROXY'] || 0) + (name === 'admission' || name === 'booking' ? 1 : 0);
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
      app = startNode(scriptOf(plan.name), { name: plan.name, env: plan.env, logFile, nodeArgs: ['--import', join(import.meta.dirname, 'flush-cache.mjs')] });
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
const isEverywhere = (host: string): boolean => host === '0.0.0.0' || host === '::';
const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** What a person types: localhost at home; where all addresses are open, the machine's own in its network. */
export function publicHost(host: string): string {
  if (host === LOOPBACK || host === '::1') return 'localhost';
  return isEverywhere(host) ? (networkAddresses()[0] ?? 'localhost') : bracketed(host);
}

function originsOf(host: string, port: number): string {
  const hosts = isEverywhere(host) ? ['localhost', ...networkAddresses()] : [publicHost(host)];
  return hosts.map((name) => `http://${name}:${port}`).join(',');
}

const networkAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address),
  );

async function distinctPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

const only = (env: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv =>
  Object.fromEntries(names.filter((name) => env[name] !== undefined).map((name) => [name, env[name]]));
