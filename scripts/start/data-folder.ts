import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { claimFolder, FolderInUse, type FolderClaim } from '@onsale/services';
import { StartRefused } from './ports.ts';

/** What programs (crowd, seed, tests) read to find the running system. Holds passwords of the private servers: 0600. */
export type Addresses = {
  readonly gateway: string;
  readonly ops: string;
  /** None in production. */
  readonly sandbox: string | null;
  /** Internal listeners by app: health and metrics. */
  readonly internal: Readonly<Record<string, string>>;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** Process ids by name: launcher, redis, the database (mariadb or mysql) and the apps. */
  readonly processes: Readonly<Record<string, number>>;
};
export type Operator = { readonly url: string; readonly name: string; readonly password: string };

const OPERATOR_NAME = 'operator';
const PASSWORD_BYTES = 15;
/** A launcher that was killed takes its servers along; they need a moment. */
const WAIT_FOR_PREVIOUS_MS = 10_000;

/** One launcher a folder: a second one is told where the first one is. */
export async function claimDataFolder(folder: string): Promise<FolderClaim> {
  try {
    mkdirSync(join(folder, 'logs'), { recursive: true });
    return await claimFolder(folder, 'launcher', isRunning(folder) ? 0 : WAIT_FOR_PREVIOUS_MS);
  } catch (error) {
    if (error instanceof FolderInUse)
      throw new StartRefused(`already running on ${folder} (process ${error.pid}): ${readAddresses(folder)?.gateway ?? 'starting'}`);
    if ((error as NodeJS.ErrnoException).code === 'EACCES')
      throw new StartRefused(`${folder} belongs to another user; set ONSALE_DATA to a folder of your own`);
    throw error;
  }
}

/** A launcher that runs keeps its addresses there; one that stops removes them first. */
const isRunning = (folder: string): boolean => readAddresses(folder) !== undefined;

export const readAddresses = (folder: string): Addresses | undefined => readJson<Addresses>(join(folder, 'addresses.json'));
export const writeAddresses = (folder: string, addresses: Addresses): void => writePrivate(join(folder, 'addresses.json'), addresses);
export const removeAddresses = (folder: string): void => rmSync(join(folder, 'addresses.json'), { force: true });

/** Made once: whoever holds a ticket or a place from yesterday holds it today. Resolves to the path. */
export async function keepSecrets(folder: string): Promise<string> {
  const path = join(folder, 'secrets.json');
  if (existsSync(path)) return path;
  const { makeSecrets } = await import('@onsale/runtime');
  writePrivate(path, makeSecrets());
  return path;
}

/** The demonstration's operator: the password is made once, the address is today's. */
export function keepOperator(folder: string, url: string): Operator {
  const path = join(folder, 'operator.json');
  const known = readJson<Operator>(path);
  const operator = { url, name: known?.name ?? OPERATOR_NAME, password: known?.password ?? randomBytes(PASSWORD_BYTES).toString('base64url') };
  writePrivate(path, operator);
  return operator;
}

function readJson<Shape>(path: string): Shape | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Shape;
  } catch {
    return undefined;
  }
}

/** Readers see the old text or the new, never half of one, and nobody else sees either. */
function writePrivate(path: string, value: unknown): void {
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  chmodSync(fresh, 0o600);
  renameSync(fresh, path);
}
