import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * Passwords as `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>` (base64url). The cost stands in the hash, so raising it later keeps old hashes good.
 * N = 2^17, r = 8, p = 1 is what OWASP asks for: 128 MB and about 0.3 s each, so whoever verifies bounds how many run (see sign-in-throttle.ts).
 */
const LOG_N = 17;
const R = 8;
const P = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const LOG_N_MAX = 20;
export const PASSWORD_CHARS = { least: 12, most: 200 } as const;

const derive = promisify(scrypt) as (password: string, salt: Buffer, bytes: number, options: ScryptOptions) => Promise<Buffer>;

export type PasswordHasher = {
  hash(password: string): Promise<string>;
  /** Takes as long for `undefined` (no such person) as for a wrong password. */
  verify(password: string, hash: string | undefined): Promise<boolean>;
  /** Made at another cost than today's: to be made anew when its password is next seen. */
  isOutdated(hash: string): boolean;
};

/** `logN` is lower in tests only. */
export function createPasswordHasher({ logN = LOG_N }: { readonly logN?: number } = {}): PasswordHasher {
  const optionsOf = (log: number, r: number, p: number): ScryptOptions => ({ N: 2 ** log, r, p, maxmem: 2 * 128 * 2 ** log * r });
  const nobody = encode(logN, randomBytes(SALT_BYTES), randomBytes(HASH_BYTES));
  return {
    async hash(password) {
      const { least, most } = PASSWORD_CHARS;
      if (password.length < least || password.length > most) throw new Error(`a password has ${least} to ${most} characters`);
      const salt = randomBytes(SALT_BYTES);
      const hash = await derive(password.normalize('NFC'), salt, HASH_BYTES, optionsOf(logN, R, P));
      return encode(logN, salt, hash);
    },
    async verify(password, hash = nobody) {
      const parts = decode(hash);
      if (parts === undefined) throw new Error('a stored password hash is not in our format');
      if (password.length > PASSWORD_CHARS.most) return false;
      const found = await derive(password.normalize('NFC'), parts.salt, parts.hash.length, optionsOf(parts.logN, parts.r, parts.p));
      return timingSafeEqual(found, parts.hash) && hash !== nobody;
    },
    isOutdated(hash) {
      const parts = decode(hash);
      return parts === undefined || parts.logN !== logN || parts.r !== R || parts.p !== P;
    },
  };
}

const encode = (logN: number, salt: Buffer, hash: Buffer): string => ['scrypt', logN, R, P, salt.toString('base64url'), hash.toString('base64url')].join('$');

type Parts = { readonly logN: number; readonly r: number; readonly p: number; readonly salt: Buffer; readonly hash: Buffer };

function decode(text: string): Parts | undefined {
  const parts = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([\w-]{16,64})\$([\w-]{32,64})$/.exec(text);
  if (parts === null || Number(parts[1]) > LOG_N_MAX) return undefined;
  const [logN, r, p] = parts.slice(1, 4).map(Number) as [number, number, number];
  return { logN, r, p, salt: Buffer.from(parts[4] as string, 'base64url'), hash: Buffer.from(parts[5] as string, 'base64url') };
}
