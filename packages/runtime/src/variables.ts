import { Type, type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';

/** Every environment variable that an app reads, apart from secrets. Empty means unset. */
const Port = Type.Integer({ minimum: 0, maximum: 65_535, description: 'a port, 0 for any free one' });
const HttpUrl = Type.String({ pattern: '^https?://[^/\\s]+$', description: 'http(s)://host[:port] without a path' });
const HttpUrlOrNone = Type.String({ pattern: '^(https?://[^/\\s]+)?$', default: '', description: 'http(s)://host[:port] without a path' });
const Connections = (size: number) => Type.Integer({ minimum: 1, maximum: 100, default: size, description: 'connections, 1 to 100' });

const LEVELS = 'fatal|error|warn|info|debug|trace|silent';
const ORIGINS = 'origins such as https://tickets.example, separated by commas';

export const variables = {
  NODE_ENV: Type.String({ pattern: '^(development|test|production)$', default: 'development', description: 'development, test or production' }),
  HOST: Type.String({ minLength: 1, maxLength: 253, default: '127.0.0.1', description: 'an address to listen on' }),
  PORT: Type.Integer({ ...Port, default: 0 }),
  /** The internal listener: health, metrics, and what apps ask of each other; never reachable from outside. */
  INTERNAL_HOST: Type.String({ minLength: 1, maxLength: 253, default: '127.0.0.1', description: 'an address to listen on' }),
  INTERNAL_PORT: Type.Integer({ ...Port, default: 0 }),
  /** How often a fan may ask for their place before the time they were told: five more tabs, three reloads. */
  POLL_BURST: Type.Integer({ minimum: 0, maximum: 1_000_000, default: 8, description: 'a number of questions, 0 to 1,000,000' }),
  /** WebSocket handshakes a second of one process; one source has four fifths of it at most. */
  HANDSHAKES_PER_SECOND: Type.Integer({ minimum: 1, maximum: 100_000, default: 2_000, description: 'handshakes a second, 1 to 100,000' }),
  /** Sockets that have not said whose they are, at once; one source has a quarter of it at most. */
  NEWCOMERS_MAX: Type.Integer({ minimum: 4, maximum: 100_000, default: 8_192, description: 'sockets, 4 to 100,000' }),
  /** Where fans' browsers see us; several, separated by commas; the first one goes into links. */
  PUBLIC_ORIGIN: Type.String({ pattern: '^https?://[^/\\s,]+(, ?https?://[^/\\s,]+)*$', default: 'http://localhost:3000', description: ORIGINS }),
  LOG_LEVEL: Type.String({ pattern: `^(${LEVELS})$`, default: 'info', description: `one of ${LEVELS}` }),
  /** Whether each reply is compared with its schema; by default outside production. Off where speed is measured. */
  CHECK_REPLIES: Type.String({ pattern: '^(on|off|auto)$', default: 'auto', description: 'on, off or auto' }),
  ONSALE_DATA: Type.String({ minLength: 1, maxLength: 1_000, default: '.data', description: 'a folder' }),
  ONSALE_SECRETS: Type.String({ minLength: 1, maxLength: 1_000, default: '', description: 'path of secrets.json' }),
  /** Proxies in a row in front of us whose X-Forwarded-For is believed, if they stand in TRUSTED_PROXIES. */
  TRUST_PROXY: Type.Integer({ minimum: 0, maximum: 10, default: 0, description: 'a number of hops, 0 to 10' }),
  /** Where those proxies are. */
  TRUSTED_PROXIES: Type.String({ maxLength: 1_000, default: 'loopback', description: 'networks such as 10.0.0.0/8 or loopback, separated by commas' }),
  REDIS_URL: Type.String({ pattern: '^rediss?://\\S+$', description: 'redis:// or rediss://' }),
  DATABASE_URL: Type.String({ pattern: '^mysql://\\S+/\\S+$', description: 'mysql://user:password@host:port/database' }),
  ADMISSION_URL: HttpUrl,
  ADMISSION_INTERNAL_URL: HttpUrl,
  BOOKING_URL: HttpUrl,
  BOOKING_INTERNAL_URL: HttpUrl,
  OPS_INTERNAL_URL: HttpUrl,
  WORKER_INTERNAL_URL: HttpUrl,
  SANDBOX_URL: HttpUrlOrNone,
  SANDBOX_INTERNAL_URL: HttpUrlOrNone,
  TOSS_URL: Type.String({ ...HttpUrl, default: 'https://api.tosspayments.com' }),
  /** Calls of the payment provider that may be under way at once. */
  TOSS_CONNECTIONS: Type.Integer({ minimum: 1, maximum: 2_048, default: 256, description: 'connections, 1 to 2,048' }),
  POOL_HOT: Connections(3),
  POOL_MONEY: Connections(4),
  POOL_READS: Connections(5),
} satisfies Record<string, TSchema>;

export type VariableName = keyof typeof variables;
export type Values = { readonly [Name in VariableName]: Static<(typeof variables)[Name]> };
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The named variables, converted and checked. Each fault names its variable and what it must be, never what it is: a URL holds a
 * password. `defaults` overrides the general ones.
 */
export function readVariables<Name extends VariableName>(
  env: Environment, names: readonly Name[], faults: string[], defaults: Partial<Values> = {},
): Pick<Values, Name> {
  const values: Partial<Record<VariableName, unknown>> = {};
  for (const name of names) {
    const schema: TSchema & { default?: unknown; description?: string } = variables[name];
    const text = env[name];
    const given = text === undefined || text === '' ? (defaults[name] ?? schema.default) : Value.Convert(schema, text);
    const isUnset = given === undefined;
    const isDefault = !isUnset && (text === undefined || text === '');
    if (isUnset) faults.push(`${name} is missing: ${schema.description}`);
    else if (!isDefault && !Value.Check(schema, given)) faults.push(`${name} must be ${schema.description}`);
    values[name] = given;
  }
  return values as Pick<Values, Name>;
}
