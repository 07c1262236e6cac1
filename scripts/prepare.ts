// Brings the database to its schema and the demonstration into it; run by the launcher, as a process of its own that ends before the
// apps start. Each step does nothing when it was done before. Environment: DATABASE_URL, REDIS_URL, ONSALE_DATA.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOperator, createPasswordHasher, setPassword } from '@onsale/control';
import { grantApps, migrate, openPool } from '@onsale/database';
import { seedDemonstration } from './seed.ts';

const ACT = { actor: 'launcher', cause: 'npm start' };

/**
 * The operator of operator.json can sign in. A password that this database was given before is not set again: that would sign the
 * operator out at every start.
 */
async function keepOperator(databaseUrl: string, folder: string): Promise<void> {
  const { name, password } = JSON.parse(readFileSync(join(folder, 'operator.json'), 'utf8')) as { name: string; password: string };
  const { host, pathname } = new URL(databaseUrl);
  const known = createHash('sha256')
    .update([host.split(':')[0], pathname, name, password].join('\0'))
    .digest('hex');
  const marker = join(folder, 'operator.known');
  const pool = openPool({ url: databaseUrl, connections: 1 });
  try {
    const store = { pool, hasher: createPasswordHasher() };
    const made = await createOperator(store, { name, role: 'operator', password }, ACT);
    const isKnown = existsSync(marker) && readFileSync(marker, 'utf8') === known;
    if (!made.ok && !isKnown) await setPassword(store, { name, password }, ACT);
    writeFileSync(marker, known, { mode: 0o600 });
  } finally {
    await pool.close();
  }
}

process.once('disconnect', () => process.exit(1));
const { DATABASE_URL, DATABASE_APPS_FROM, REDIS_URL, ONSALE_DATA } = process.env;
if (!DATABASE_URL || !REDIS_URL || !ONSALE_DATA) throw new Error('prepare.ts is run by the launcher (npm start)');
const ran = await migrate(DATABASE_URL);
if (DATABASE_APPS_FROM) await grantApps(DATABASE_URL, DATABASE_APPS_FROM);
await keepOperator(DATABASE_URL, ONSALE_DATA);
const seeded = await seedDemonstration({ databaseUrl: DATABASE_URL, redisUrl: REDIS_URL, reset: false, nowMs: Date.now() });
process.send?.({ prepared: { migrations: ran.length, demonstration: seeded } }, undefined, undefined, () => process.disconnect());
