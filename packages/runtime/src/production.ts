import type { Secrets } from './secrets.ts';
import type { Environment, Values } from './variables.ts';

/**
 * What production refuses beyond what is missing: anything of the sandbox, anything by default. All faults are told at once, so that one
 * start shows the whole list.
 */
export function productionFaults(env: Environment, values: Partial<Values>): string[] {
  const faults: string[] = [];
  for (const name of ['SANDBOX_URL', 'SANDBOX_INTERNAL_URL'])
    if (env[name]) faults.push(`${name} is set: the sandbox stands in for the outside world in development and tests only`);
  if (env['ONSALE_SECRETS']) faults.push('ONSALE_SECRETS is set: production takes each secret from its own variable');
  if (values.TOSS_URL !== undefined && !values.TOSS_URL.startsWith('https://')) faults.push('TOSS_URL must be https');
  if (values.PUBLIC_ORIGIN !== undefined) {
    if (!env['PUBLIC_ORIGIN']) faults.push('PUBLIC_ORIGIN is missing: where fans reach the site, such as https://tickets.example');
    else if (!listOf(values.PUBLIC_ORIGIN).every((origin) => origin.startsWith('https://'))) faults.push('PUBLIC_ORIGIN must be https');
  }
  if (values.DATABASE_URL !== undefined && isDefaultLogin(values.DATABASE_URL)) faults.push('DATABASE_URL has no password, or one that equals the user name');
  return faults;
}

/** Only the keys that this process was given. */
export function testKeyFaults(secrets: Secrets): string[] {
  const { clientKey, secretKey } = secrets.toss;
  const faults: string[] = [];
  if (clientKey.startsWith('test_')) faults.push('TOSS_CLIENT_KEY is a test key');
  if (secretKey.startsWith('test_')) faults.push('TOSS_SECRET_KEY is a test key');
  return faults;
}

export const listOf = (text: string): string[] => text.split(',').map((part) => part.trim()).filter((part) => part !== '');

function isDefaultLogin(url: string): boolean {
  try {
    const { username, password } = new URL(url);
    return password === '' || password === username;
  } catch {
    return false;
  }
}
