import { checkSecrets, type Secrets } from './secrets.ts';
import type { Environment } from './variables.ts';

/**
 * Where production's secrets come from. Each variable may instead be given as `<NAME>_FILE`, the path of a file that holds it (as
 * container secrets are mounted). HMAC secrets: base64url of at least 32 random bytes; several, separated by commas: the first is in
 * use, the others are being retired. Keys: JSON, `[{"kid": "…", "privateKeyPem": "…", "notBeforeMs"?, "notAfterMs"?}]`, Ed25519.
 */
export const SECRET_VARIABLES = {
  entryKeys: 'ONSALE_ENTRY_KEYS',
  ticketKeys: 'ONSALE_TICKET_KEYS',
  receipt: 'ONSALE_RECEIPT_SECRET',
  device: 'ONSALE_DEVICE_SECRET',
  session: 'ONSALE_SESSION_SECRET',
  order: 'ONSALE_ORDER_SECRET',
  holdId: 'ONSALE_HOLD_ID_SECRET',
  internal: 'ONSALE_INTERNAL_SECRET',
  tossClientKey: 'TOSS_CLIENT_KEY',
  tossSecretKey: 'TOSS_SECRET_KEY',
  tossOrderMac: 'ONSALE_TOSS_ORDER_MAC_SECRET',
} as const;

export type SecretName = keyof typeof SECRET_VARIABLES;

/** Reads the named secrets only: a process that has no use for a secret need not be given it. Faults name variables, never values. */
export function secretsFromVariables(
  env: Environment, needed: readonly SecretName[], readFile: (path: string) => string, faults: string[],
): Secrets | undefined {
  const found = new Map<SecretName, string>();
  for (const name of needed) {
    const text = textOf(env, SECRET_VARIABLES[name], readFile, faults);
    if (text !== undefined) found.set(name, text);
  }
  if (found.size < needed.length) return undefined;
  const list = (name: SecretName): string[] => (found.get(name) ?? UNUSED).split(',').map((part) => part.trim());
  const keys = (name: SecretName): unknown => (found.has(name) ? parseJson(found.get(name) as string) : [{ kid: 'unused', privateKeyPem: '' }]);
  const checked = checkSecrets({
    version: 1, entryKeys: keys('entryKeys'), ticketKeys: keys('ticketKeys'),
    receipt: list('receipt'), device: list('device'), session: list('session'), order: list('order'), holdId: list('holdId'), internal: list('internal'),
    toss: { clientKey: found.get('tossClientKey') ?? UNUSED, secretKey: found.get('tossSecretKey') ?? UNUSED, orderMac: list('tossOrderMac') },
  });
  if ('secrets' in checked) {
    faults.push(...repeats(found));
    return checked.secrets;
  }
  faults.push(...checked.faults.map((fault) => `${fault} (variables ${needed.map((name) => SECRET_VARIABLES[name]).join(', ')})`));
  return undefined;
}

const UNUSED = 'not-given-to-this-process'.padEnd(43, '-');

function textOf(env: Environment, variable: string, readFile: (path: string) => string, faults: string[]): string | undefined {
  const direct = env[variable];
  if (direct !== undefined && direct !== '') return direct;
  const path = env[`${variable}_FILE`];
  if (path === undefined || path === '') {
    faults.push(`${variable} (or ${variable}_FILE) is missing`);
    return undefined;
  }
  try {
    return readFile(path).trim();
  } catch {
    faults.push(`${variable}_FILE names a file that cannot be read`);
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One secret with two uses would let one kind of token pass for another. */
function repeats(found: ReadonlyMap<SecretName, string>): string[] {
  const firstUse = new Map<string, SecretName>();
  const faults: string[] = [];
  for (const [name, text] of found) {
    for (const part of name === 'entryKeys' || name === 'ticketKeys' ? [text] : text.split(',')) {
      const other = firstUse.get(part);
      if (other !== undefined) faults.push(`${SECRET_VARIABLES[name]} repeats ${SECRET_VARIABLES[other]}`);
      firstUse.set(part, name);
    }
  }
  return faults;
}
