import { openPool } from '@onsale/database';
import { deniedInLog, openWholeSystem } from '@onsale/testing';
import { createLogger } from '@onsale/runtime';
import { Redis } from 'ioredis';
import t from 'tap';

// A whole system without an app is enough: what counts is what the stores were asked as an app's user.

t.test('a whole system in which a store refused an app does not close in silence', async (t) => {
  const system = await openWholeSystem({ processes: {} });
  const booking = openPool({ url: system.mariadb.userUrl('onsale_booking'), connections: 1 });
  const refused = await booking.query('DELETE FROM audit_log').catch((error: unknown) => error as Error);
  await booking.close();
  const admission = new Redis(system.redis.userUrl('onsale_admission'));
  const alsoRefused = await admission.set('other', '1').catch((error: unknown) => error as Error);
  admission.disconnect();
  let log = '';
  const logger = createLogger({ name: 'x', destination: { write: (line) => void (log += line) } });
  logger.warn({ err: refused }, 'one');
  logger.warn({ err: alsoRefused }, 'two');
  logger.warn({ err: new Error('cannot go on') }, 'three');
  t.equal(deniedInLog(log).length, 2, 'and both are known by what an app logs');
  await t.rejects(system.close(), /tried what its user may not.*onsale_admission.*the database refused 1 statements/s);
});

t.test('negative control: what a user may do closes in peace, and a store that is gone is no refusal', async (t) => {
  const system = await openWholeSystem({ processes: {} });
  const booking = openPool({ url: system.mariadb.userUrl('onsale_booking'), connections: 1 });
  await booking.query('SELECT 1 FROM seat LIMIT 1');
  await booking.close();
  await system.redis.kill();
  await system.close();
  t.pass('closed');
});
