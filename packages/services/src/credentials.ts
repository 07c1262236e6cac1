import { createHmac, randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A server's own passwords, made once and kept beside its data, readable by its owner only. */
export type Credentials = Readonly<Record<string, string>>;

const PASSWORD_BYTES = 18;

export const newPassword = (): string => randomBytes(PASSWORD_BYTES).toString('base64url');

export function readCredentials(folder: string): Credentials | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'credentials.json'), 'utf8')) as Credentials;
  } catch {
    return undefined;
  }
}

export function writeCredentials(folder: string, credentials: Credentials): void {
  writePrivate(join(folder, 'credentials.json'), `${JSON.stringify(credentials)}\n`);
}

/** Writes a file that only its owner may read, also when it was there with wider rights. */
export function writePrivate(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
  chmodSync(file, 0o600);
}

/** Of one user of a server, made from the server's own: whoever has it learns nothing of that one, and servers of one password have it in common. */
export const passwordOfUser = (password: string, user: string): string => createHmac('sha256', password).update(user).digest('base64url');
