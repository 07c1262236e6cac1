import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { parseRoomId, valueOf, type RoomId } from '@onsale/kernel';
import { forgetRoom, openRoomConnection, type RoomConnection } from '@onsale/waiting-room';
import { addressOf, type TestContext } from './test-context.ts';

/** A part of the shared Redis that belongs to one test file: rooms of unique names and a key prefix, both removed at the end. */
export type TestRedis = {
  readonly url: string;
  readonly redis: Redis;
  /** For keys that are no room's. */
  readonly prefix: string;
  /** A room name nobody else uses; its keys are removed at the end. */
  newRoom(): RoomId;
  /** A connection as the apps open it; closed at the end. */
  readonly connection: RoomConnection;
};

const SCAN_COUNT = 500;

/** `url`: a Redis of the test's own, for one that is to lose it. */
export async function openTestRedis(t: TestContext, url: string = addressOf('REDIS_URL')): Promise<TestRedis> {
  const redis = new Redis(url, { maxRetriesPerRequest: 1, lazyConnect: true });
  const connection = openRoomConnection(url);
  const prefix = `test:${randomBytes(6).toString('hex')}:`;
  const rooms: RoomId[] = [];
  t.teardown(async () => {
    for (const room of rooms) await forgetRoom(connection, room);
    await connection.close();
    await removeKeys(redis, `${prefix}*`);
    await redis.quit();
  });
  await Promise.all([redis.connect(), connection.ready()]);
  return {
    url, redis, connection, prefix,
    newRoom: () => {
      const room = valueOf(parseRoomId(`t-${randomBytes(8).toString('hex')}`));
      rooms.push(room);
      return room;
    },
  };
}

async function removeKeys(redis: Redis, pattern: string): Promise<void> {
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
    if (keys.length > 0) await redis.unlink(...keys);
    cursor = next;
  } while (cursor !== '0');
}
