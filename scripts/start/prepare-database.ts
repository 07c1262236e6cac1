import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startNode, type DatabaseEngine } from '@onsale/services';
import { endOfLog, turnLog, type Surroundings } from './apps.ts';
import { CHECKOUT } from './checkout.ts';
import { StartRefused } from './ports.ts';

const PREPARE_MS = 120_000;
const LOG_LINES = 15;
/** Whatever decides about the outcome: a change in any of them prepares the database anew. */
const DECIDING = ['packages/database/migrations', 'packages/database/src/tables.ts', 'scripts/prepare.ts', 'scripts/seed.ts', 'scripts/demo'];

/**
 * Schema, operator and demonstration. Resolves to what was done about the demonstration. Skipped when nothing has changed since the private
 * server was prepared; the mark lies among that server's own data, so that it goes where they go. Somebody else's server is always looked at.
 */
export async function prepare(around: Surroundings, engine: DatabaseEngine): Promise<string> {
  const mark = join(around.dataFolder, engine, 'prepared');
  const today = decidingHash(around.dataFolder);
  if (isPrivate(around) && existsSync(mark) && readFileSync(mark, 'utf8') === today) return 'there';
  const done = await runPreparation(around);
  if (isPrivate(around)) writeFileSync(mark, today);
  return done;
}

const isPrivate = ({ environment }: Surroundings): boolean => !environment['DATABASE_URL'];

function decidingHash(dataFolder: string): string {
  const hash = createHash('sha256').update(readFileSync(join(dataFolder, 'operator.json')));
  const add = (path: string): void => {
    if (statSync(path).isDirectory()) for (const name of readdirSync(path).sort()) add(join(path, name));
    else hash.update(path).update(readFileSync(path));
  };
  for (const path of DECIDING) add(join(CHECKOUT, path));
  return hash.digest('hex');
}

/** In a process that ends: its memory goes with it. */
async function runPreparation(around: Surroundings): Promise<string> {
  const logFolder = join(around.dataFolder, 'logs');
  turnLog(logFolder, 'prepare');
  const app = startNode(join(CHECKOUT, 'scripts/prepare.ts'), {
    name: 'prepare',
    logFile: join(logFolder, 'prepare.log'),
    env: {
      PATH: around.environment['PATH'],
      ONSALE_DATA: around.dataFolder,
      DATABASE_URL: around.databaseUrl,
      ...(isPrivate(around) ? { DATABASE_APPS_FROM: '127.0.0.1' } : {}),
      REDIS_URL: around.redisUrl,
      NODE_COMPILE_CACHE: join(around.dataFolder, 'compile-cache'),
    },
  });
  try {
    return (await app.message(isPrepared, PREPARE_MS)).prepared.demonstration;
  } catch (error) {
    throw new StartRefused(`the database could not be prepared: ${(error as Error).message}\n${endOfLog(logFolder, 'prepare', LOG_LINES)}`);
  } finally {
    await Promise.race([app.ended(), app.stop()]);
  }
}

const isPrepared = (message: unknown): message is { prepared: { demonstration: string } } =>
  typeof message === 'object' && message !== null && 'prepared' in message;
