// `node scripts/migrate.ts`: brings the database of DATABASE_URL to the schema of this version; with DATABASE_APPS_FROM (a host as in a MySQL
// account, such as %) it also grants each app's user its rights. Production runs it before the apps.
import { grantApps, migrate } from '@onsale/database';

const url = process.env['DATABASE_URL'];
if (!url) {
  process.stderr.write('DATABASE_URL is missing: mysql://user:password@host:port/database\n');
  process.exit(2);
}
const ran = await migrate(url, { log: (line) => void process.stdout.write(`${line}\n`) });
process.stdout.write(ran.length === 0 ? 'the schema is up to date\n' : `${ran.length} migrations have run\n`);
const from = process.env['DATABASE_APPS_FROM'];
if (from) {
  await grantApps(url, from);
  process.stdout.write('each app has its rights\n');
}
