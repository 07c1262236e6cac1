import { readFileSync } from 'node:fs';
import { listOf, productionFaults, testKeyFaults } from './production.ts';
import { SECRET_VARIABLES, secretsFromVariables, type SecretName } from './secret-variables.ts';
import { checkSecrets, openSecrets, type SecretKeys, type Secrets } from './secrets.ts';
import type { SocketBounds } from './socket-door.ts';
import { trustOf, type TrustedProxies } from './trusted-proxies.ts';
import { readVariables, type Environment, type Values, type VariableName } from './variables.ts';

/**
 * Environment → frozen, typed configuration of one app. The only reader of process.env in the house. A wrong environment stops the start
 * with one message that lists everything that is missing or wrong.
 */
export type AppName = 'admission' | 'booking' | 'ops' | 'worker' | 'storefront' | 'web' | 'sandbox';

export type BaseConfig = {
  readonly app: AppName;
  readonly production: boolean;
  readonly host: string;
  /** 0: any free port; the process tells its parent which. */
  readonly port: number;
  /** Where health and metrics are answered, and what the apps ask of each other: never within reach of the public. */
  readonly internalHost: string;
  readonly internalPort: number;
  /** Browser origins whose writes are accepted. */
  readonly publicOrigins: readonly string[];
  /** The first of them: what goes into links. */
  readonly publicOrigin: string;
  /** Whether cookies get `Secure` and the `__Host-` prefix. */
  readonly secureCookies: boolean;
  readonly logLevel: string;
  readonly trustedProxies: TrustedProxies;
  /** Replies are compared with their schemas (unless told otherwise, outside production): a wrong one is a bug and becomes a 500. */
  readonly checkReplies: boolean;
  readonly dataFolder: string;
};
export type PoolSizes = { readonly hot: number; readonly money: number; readonly reads: number };
type DatabasePart = { readonly databaseUrl: string; readonly pools: PoolSizes };
type RedisPart = { readonly redisUrl: string };
type SocketsPart = { readonly sockets: SocketBounds };
type SecretsPart<Name extends keyof SecretKeys> = { readonly secrets: Pick<SecretKeys, Name> };

export type AdmissionConfig = BaseConfig & RedisPart & SocketsPart & SecretsPart<'entryKeys' | 'receipt' | 'device' | 'internal'> & {
  readonly pollBurst: number;
};
type BookingSecrets = SecretsPart<'session' | 'order' | 'holdId' | 'device' | 'internal' | 'ticketKeys' | 'toss'>;
export type BookingConfig = BaseConfig & DatabasePart & SocketsPart & BookingSecrets & {
  readonly admissionUrl: string;
  readonly admissionInternalUrl: string;
  readonly tossUrl: string;
  readonly tossConnections: number;
  readonly sandboxUrl: string | null;
};
export type OpsConfig = BaseConfig & DatabasePart & RedisPart & SocketsPart & SecretsPart<'internal' | 'ticketKeys'>;
export type WorkerConfig = BaseConfig & DatabasePart & RedisPart & SecretsPart<'session' | 'order' | 'internal' | 'ticketKeys' | 'toss'> & {
  readonly admissionInternalUrl: string;
  readonly tossUrl: string;
  readonly tossConnections: number;
};
export type StorefrontConfig = BaseConfig & DatabasePart & SecretsPart<'device' | 'order' | 'ticketKeys'>;
export type WebConfig = BaseConfig & {
  readonly admissionUrl: string;
  readonly bookingUrl: string;
  readonly sandboxUrl: string | null;
  /** Internal listeners by app: the site is ready when these are. */
  readonly waitsFor: Readonly<Record<string, string>>;
};
export type SandboxConfig = BaseConfig & SecretsPart<'toss'> & { readonly bookingUrl: string };

export type ConfigOf = {
  admission: AdmissionConfig;
  booking: BookingConfig;
  ops: OpsConfig;
  worker: WorkerConfig;
  storefront: StorefrontConfig;
  web: WebConfig;
  sandbox: SandboxConfig;
};

export class ConfigRefused extends Error {
  override readonly name = 'ConfigRefused';
  readonly faults: readonly string[];
  constructor(app: AppName, faults: readonly string[]) {
    super(`${app} cannot start, its environment is not complete:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

const BASE = [
  'NODE_ENV', 'HOST', 'PORT', 'INTERNAL_HOST', 'INTERNAL_PORT', 'PUBLIC_ORIGIN', 'LOG_LEVEL', 'ONSALE_DATA', 'TRUST_PROXY', 'TRUSTED_PROXIES',
  'CHECK_REPLIES',
] as const satisfies VariableName[];
const POOLS = ['DATABASE_URL', 'POOL_HOT', 'POOL_MONEY', 'POOL_READS'] as const satisfies VariableName[];
const SOCKETS = ['HANDSHAKES_PER_SECOND', 'NEWCOMERS_MAX'] as const satisfies VariableName[];
/** Whose readiness the gateway's readiness is made of; the sandbox's where there is one. */
const WAITED_FOR = ['admission', 'booking', 'ops', 'worker', 'sandbox'] as const;
const internalUrlOf = (app: (typeof WAITED_FOR)[number]) => `${app.toUpperCase() as Uppercase<typeof app>}_INTERNAL_URL` as const;
const TOSS: SecretName[] = ['tossClientKey', 'tossSecretKey', 'tossOrderMac'];

type Reads = { readonly variables: readonly VariableName[]; readonly secrets: readonly SecretName[]; readonly defaults?: Partial<Values> };

/** What each app reads. Connections to MySQL by default: booking 12, worker 6, storefront 6, ops 4. */
const READS: Record<AppName, Reads> = {
  admission: { variables: ['REDIS_URL', 'POLL_BURST', ...SOCKETS], secrets: ['entryKeys', 'receipt', 'device', 'internal'] },
  booking: {
    variables: [...POOLS, ...SOCKETS, 'ADMISSION_URL', 'ADMISSION_INTERNAL_URL', 'TOSS_URL', 'TOSS_CONNECTIONS', 'SANDBOX_URL'],
    secrets: ['session', 'order', 'holdId', 'device', 'internal', 'ticketKeys', ...TOSS],
  },
  ops: { variables: [...POOLS, ...SOCKETS, 'REDIS_URL'], secrets: ['internal', 'ticketKeys'], defaults: { POOL_HOT: 1, POOL_MONEY: 1, POOL_READS: 2 } },
  worker: {
    variables: [...POOLS, 'REDIS_URL', 'ADMISSION_INTERNAL_URL', 'TOSS_URL', 'TOSS_CONNECTIONS'],
    secrets: ['session', 'order', 'internal', 'ticketKeys', ...TOSS], defaults: { POOL_HOT: 1, POOL_MONEY: 3, POOL_READS: 2 },
  },
  storefront: { variables: POOLS, secrets: ['device', 'order', 'ticketKeys'], defaults: { POOL_HOT: 1, POOL_MONEY: 1, POOL_READS: 4 } },
  web: { variables: ['ADMISSION_URL', 'BOOKING_URL', 'SANDBOX_URL', ...WAITED_FOR.map(internalUrlOf)], secrets: [] },
  sandbox: { variables: ['BOOKING_URL'], secrets: ['tossClientKey', 'tossSecretKey', 'tossOrderMac'] },
};

/** The variables that an app reads, its secrets' among them: whoever starts it gives it these and no other. */
export const variablesOf = (app: AppName): readonly string[] => [
  ...BASE, ...READS[app].variables, ...READS[app].secrets.flatMap((name) => [SECRET_VARIABLES[name], `${SECRET_VARIABLES[name]}_FILE`]),
  ...(READS[app].secrets.length > 0 ? ['ONSALE_SECRETS'] : []),
];

/** The configuration of this process. Throws ConfigRefused. */
export const configOfProcess = <App extends AppName>(app: App): ConfigOf[App] => readConfig(app, process.env);

/** The same from any environment, for tests. `readFile` reads secrets.json and mounted secrets. */
export function readConfig<App extends AppName>(app: App, env: Environment, readFile = (path: string): string => readFileSync(path, 'utf8')): ConfigOf[App] {
  const faults: string[] = [];
  const { variables: names, secrets: secretNames, defaults } = READS[app];
  const values = readVariables(env, [...BASE, ...names], faults, defaults);
  const production = values.NODE_ENV === 'production';
  if (production && app === 'sandbox') faults.push('the sandbox does not run in production');
  if (!isProxyList(values.TRUSTED_PROXIES)) faults.push('TRUSTED_PROXIES must be networks such as 10.0.0.0/8 or loopback, separated by commas');
  if (production) faults.push(...productionFaults(env, values));
  const secrets = secretNames.length === 0 ? undefined : readSecrets({ env, production, needed: secretNames, readFile, faults });
  if (production && secrets !== undefined) faults.push(...testKeyFaults(secrets));
  if (faults.length > 0) throw new ConfigRefused(app, faults);
  return deepFreeze(assemble(app, production, values as Partial<Values>, secrets, secretNames)) as ConfigOf[App];
}

const NO_SECRETS = 'ONSALE_SECRETS is missing: the path of secrets.json, or each secret in its own variable';

type SecretsSource = { env: Environment; production: boolean; needed: readonly SecretName[]; readFile: (path: string) => string; faults: string[] };

function readSecrets({ env, production, needed, readFile, faults }: SecretsSource): Secrets | undefined {
  const path = env['ONSALE_SECRETS'];
  if (path === undefined || path === '') {
    const before = faults.length;
    const secrets = secretsFromVariables(env, needed, readFile, faults);
    if (secrets === undefined && !production) faults.splice(before, Infinity, NO_SECRETS);
    return secrets;
  }
  if (production) return secretsFromVariables(env, needed, readFile, faults);
  try {
    const checked = checkSecrets(JSON.parse(readFile(path)));
    if ('secrets' in checked) return checked.secrets;
    faults.push(...checked.faults.map((fault) => `secrets.json: ${fault}`));
  } catch {
    faults.push('ONSALE_SECRETS names a file that is not there, not readable or not JSON');
  }
  return undefined;
}

function assemble(app: AppName, production: boolean, values: Partial<Values>, secrets: Secrets | undefined, names: readonly SecretName[]): object {
  const given = listOf(values.PUBLIC_ORIGIN as string);
  const publicOrigins = production ? given : [...new Set(given.flatMap(withLoopbackTwins))];
  return {
    app, production, host: values.HOST, port: values.PORT, publicOrigins, publicOrigin: given[0],
    secureCookies: given.every((origin) => origin.startsWith('https://')), logLevel: values.LOG_LEVEL,
    trustedProxies: { hops: values.TRUST_PROXY, networks: listOf(values.TRUSTED_PROXIES as string) },
    checkReplies: values.CHECK_REPLIES === 'auto' ? !production : values.CHECK_REPLIES === 'on', dataFolder: values.ONSALE_DATA,
    internalHost: values.INTERNAL_HOST, internalPort: values.INTERNAL_PORT, pollBurst: values.POLL_BURST,
    sockets: { handshakesPerSecond: values.HANDSHAKES_PER_SECOND, newcomersMax: values.NEWCOMERS_MAX },
    redisUrl: values.REDIS_URL, databaseUrl: values.DATABASE_URL, pools: { hot: values.POOL_HOT, money: values.POOL_MONEY, reads: values.POOL_READS },
    admissionUrl: values.ADMISSION_URL, admissionInternalUrl: values.ADMISSION_INTERNAL_URL, bookingUrl: values.BOOKING_URL,
    waitsFor: Object.fromEntries(WAITED_FOR.flatMap((name) => (values[internalUrlOf(name)] ? [[name, values[internalUrlOf(name)]]] : []))),
    tossUrl: values.TOSS_URL, tossConnections: values.TOSS_CONNECTIONS,
    sandboxUrl: values.SANDBOX_URL === '' ? null : values.SANDBOX_URL,
    ...(secrets === undefined ? {} : { secrets: onlyNamed(openSecrets(secrets), names) }),
  };
}

function isProxyList(text: string): boolean {
  try {
    trustOf({ hops: 1, networks: listOf(text) });
    return true;
  } catch {
    return false;
  }
}

/** Least authority: an app holds the secrets it has a use for and no others. */
function onlyNamed(keys: SecretKeys, names: readonly SecretName[]): Partial<SecretKeys> {
  const wanted = new Set<string>(names.map((name) => (name.startsWith('toss') ? 'toss' : name)));
  return Object.fromEntries(Object.entries(keys).filter(([name]) => wanted.has(name)));
}

/** A developer opens localhost, 127.0.0.1 or [::1] as they please. */
function withLoopbackTwins(origin: string): string[] {
  const match = /^(https?:\/\/)(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.exec(origin);
  return match === null ? [origin] : ['localhost', '127.0.0.1', '[::1]'].map((host) => `${match[1]}${host}${match[3] ?? ''}`);
}

function deepFreeze(value: unknown): unknown {
  const isPlain = Array.isArray(value) || (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype);
  if (!isPlain) return value;
  for (const member of Object.values(value as object)) deepFreeze(member);
  return Object.freeze(value);
}
