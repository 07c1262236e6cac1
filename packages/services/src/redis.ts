import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { findRedis, type RedisBinary } from './binaries.ts';
import { newPassword, passwordOfUser, readCredentials, writeCredentials, writePrivate } from './credentials.ts';
import { startServer, type Server } from './server.ts';

export type RedisOptions = {
  /** Folder of its data, log and password; made when missing. */
  readonly dir: string;
  /** Without it a free port. */
  readonly port?: number;
  /** Without it one made once and kept in `dir`. */
  readonly password?: string;
  /** Further directives of redis.conf; they win over ours. `{replicaof: '127.0.0.1 7000', masterauth: '…'}` makes a replica. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Further users by name, with the rules of their access: what `userUrl` names. */
  readonly users?: Readonly<Record<string, string>>;
  readonly binary?: RedisBinary;
};

export type Redis = Server & { readonly url: string; readonly password: string; readonly userUrl: (user: string) => string };

const READY_MS = 30_000;
const GRACE_MS = 10_000;
const PROBE_TIMEOUT_MS = 1_000;

/** Starts a private Redis on 127.0.0.1: append-only file, written each second, never evicting. Resolves when it answers PING. */
export async function startRedis(options: RedisOptions): Promise<Redis> {
  const dir = resolve(options.dir);
  mkdirSync(join(dir, 'data'), { recursive: true });
  const password = options.password ?? readCredentials(dir)?.['password'] ?? newPassword();
  writeCredentials(dir, { password });
  const binary = options.binary ?? findRedis();
  const configFile = join(dir, 'redis.conf');
  const server = await startServer({
    name: 'redis',
    folder: dir,
    port: options.port,
    command: calledByName(binary, dir),
    args: (port) => {
      // A file, not arguments: the password would stand in the list of processes.
      writePrivate(configFile, `${configOf(dir, port, password, options.settings ?? {})}${usersOf(password, options.users ?? {})}`);
      return [...binary.prefix, configFile];
    },
    answers: (port) => ping(port, password),
    logFile: join(dir, 'redis.log'),
    readyMs: READY_MS,
    graceMs: GRACE_MS,
  });
  const urlOf = (user: string, secret: string): string => `redis://${user}:${encodeURIComponent(secret)}@127.0.0.1:${server.port}`;
  return Object.assign(server, { password, url: urlOf('', password), userUrl: (user: string) => urlOf(user, passwordOfUser(password, user)) });
}

/** redis-check-rdb turns into the server when it is called redis-server. */
function calledByName(binary: RedisBinary, dir: string): string {
  if (!binary.alias) return binary.command;
  const link = join(dir, binary.alias);
  if (existsSync(link)) rmSync(link);
  symlinkSync(binary.command, link);
  return link;
}

function configOf(dir: string, port: number, password: string, settings: Readonly<Record<string, string>>): string {
  const directives: Record<string, string> = {
    bind: '127.0.0.1',
    port: String(port),
    requirepass: quoted(password),
    dir: quoted(join(dir, 'data')),
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '""',
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
    'always-show-logo': 'no',
    'repl-diskless-sync-delay': '0',
    'shutdown-timeout': '0',
    ...settings,
  };
  return `${Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join('\n')}\n`;
}

/** Each begins with nothing, and may what its rules say. */
const usersOf = (password: string, users: Readonly<Record<string, string>>): string =>
  Object.entries(users)
    .map(([name, rules]) => `user ${name} on >${passwordOfUser(password, name)} resetkeys resetchannels -@all ${rules}\n`)
    .join('');

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`;

/** True when the server on `port` takes our password and answers PING: one that loads its data, or a stranger's, does not. */
function ping(port: number, password: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    let heard = '';
    const finish = (good: boolean): void => {
      socket.destroy();
      done(good);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
    socket.once('connect', () => socket.write(`*2\r\n$4\r\nAUTH\r\n$${Buffer.byteLength(password)}\r\n${password}\r\n*1\r\n$4\r\nPING\r\n`));
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1');
      const lines = heard.split('\r\n');
      if (lines.length >= 3) finish(lines[0] === '+OK' && lines[1] === '+PONG');
    });
  });
}
