import { endSessionsOf, eraseShow, publishShow } from '@onsale/booking';
import { createRoom, DEFAULT_SETTINGS, forgetFindings, readRoom, restartRoom, type RoomSettings } from '@onsale/control';
import { openPool, type Pool } from '@onsale/database';
import { DAY_MS, HOUR_MS, valueOf, type RoomId, type ShowId } from '@onsale/kernel';
import { erasePayments } from '@onsale/payments';
import { configure, forgetRoom, openRoomConnection } from '@onsale/waiting-room';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { commandLine } from './command-line.ts';
import { demoArena } from './demo/arena.ts';

/**
 * The demonstration on-sale: room and show are both called `demo`. Seeding again changes nothing; `--reset` throws the line
 * away (a new epoch, so no number is issued twice) and puts all seats back on sale.
 */
const ROOM = 'demo' as RoomId;
const SHOW = 'demo' as ShowId;
const ACT = { actor: 'seed', cause: 'demonstration' };

export type SeedOptions = { readonly databaseUrl: string; readonly redisUrl: string; readonly reset: boolean; readonly nowMs: number };

export async function seedDemonstration({ databaseUrl, redisUrl, reset, nowMs }: SeedOptions): Promise<'made' | 'there' | 'reset'> {
  const pool = openPool({ url: databaseUrl, connections: 1, statementMs: 60_000 });
  try {
    const before = await readRoom(pool, ROOM);
    if (before !== undefined && !reset) return 'there';
    if (before !== undefined) await eraseDemo(pool);
    await publishDemo(pool, nowMs);
    const settings = before === undefined ? valueOf(await createRoom(pool, demoRoom(), ACT)) : valueOf(await restartRoom(pool, demoRoom(), ACT));
    await openInRedis(redisUrl, settings);
    return before === undefined ? 'made' : 'reset';
  } finally {
    await pool.close();
  }
}

async function eraseDemo(pool: Pool): Promise<void> {
  await endSessionsOf(pool, ROOM);
  await eraseShow(pool, SHOW);
  await erasePayments(pool, SHOW);
  await forgetFindings(pool);
}

const demoRoom = (): RoomSettings => ({
  ...DEFAULT_SETTINGS,
  room: ROOM,
  name: { ko: '오로라 월드투어 서울 — 예매 대기실', en: 'Aurora World Tour Seoul — waiting room' },
  shows: [SHOW],
  phase: 'open',
  ratePerMinute: 600,
  capacity: 500,
});

/** 19:00 in Seoul (UTC+9, no summer time) on the day of `ms`. */
const eveningAfter = (ms: number): number => Math.floor(ms / DAY_MS) * DAY_MS + 10 * HOUR_MS;

async function publishDemo(pool: Pool, nowMs: number): Promise<void> {
  const { seats, ...hall } = demoArena();
  await publishShow(pool, {
    show: SHOW,
    event: 'aurora',
    eventName: { ko: '오로라 월드투어 서울', en: 'Aurora World Tour Seoul' },
    venueName: { ko: '한강 아레나', en: 'Hangang Arena' },
    startsAt: new Date(eveningAfter(nowMs + 60 * DAY_MS)),
    opensAt: new Date(nowMs - HOUR_MS),
    closesAt: new Date(nowMs + 59 * DAY_MS),
    currency: 'KRW',
    layout: { seats, ...hall },
  });
}

async function openInRedis(redisUrl: string, settings: RoomSettings): Promise<void> {
  const connection = openRoomConnection(redisUrl);
  try {
    await connection.ready();
    await forgetRoom(connection, ROOM);
    await configure(connection, settings, { create: true });
  } finally {
    await connection.close();
  }
}

/** npm run seed -- [--reset], against the servers of the running system. */
async function main(): Promise<void> {
  const { options } = commandLine({
    run: 'npm run seed',
    does: 'Makes the demonstration on-sale on the running system, or on REDIS_URL and DATABASE_URL.',
    options: { reset: { is: 'flag', says: 'throws the line away and puts every seat back on sale' } },
  });
  const file = join(resolve(process.env['ONSALE_DATA'] ?? '.data'), 'addresses.json');
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { redisUrl?: string; databaseUrl?: string }) : {};
  const redisUrl = process.env['REDIS_URL'] ?? known.redisUrl;
  const databaseUrl = process.env['DATABASE_URL'] ?? known.databaseUrl;
  if (redisUrl === undefined || databaseUrl === undefined) {
    process.stderr.write('Nothing to seed: start the system with "npm start", or set REDIS_URL and DATABASE_URL.\n');
    process.exit(2);
  }
  const done = await seedDemonstration({ redisUrl, databaseUrl, reset: options.reset, nowMs: Date.now() });
  const said = {
    made: 'The demonstration was made.',
    there: 'The demonstration is there already; --reset starts it over.',
    reset: 'The demonstration starts over: an empty line, every seat on sale.',
  };
  process.stdout.write(`${said[done]}\n`);
}

if (import.meta.main) await main();
