import { createHash } from 'node:crypto';
import type { RoomId } from '@onsale/kernel';
import { askPlainly, RoomUnreachable, type RoomConnection } from './connection.ts';

/**
 * Which rooms there are, so that a room that was never made and a room whose data are gone can be told apart without MySQL:
 *
 *   a worker reads all rooms from MySQL ──► keepRoomList: the whole list, under the run_id of the Redis process it is written to
 *   Redis does not know a room ──► readListed: what the list says of it, `unconfirmed` without a list of this very process
 *
 * Guarantee: a room that was in MySQL before its first fan could join is never `none`. A wiped Redis has no list; one that lost its tail, and
 * with it perhaps a room and its line of the list, is another process, whose run_id the list does not have. Both say `unconfirmed` until a
 * worker has read MySQL again. One hash, in a slot of its own.
 */
const KEY = '{room:}:list';
/** Fields that no slug can be. */
const RUN_ID = ':runId';
const DIGEST = ':digest';
const WHAT = 'the list of rooms';
const FIELDS_AT_ONCE = 1_000;

/** `living`: its data ought to be in Redis. `closed`: over for good; its data have left Redis. */
export type ListedAs = 'living' | 'closed';
/** `none`: never made. `unconfirmed`: nobody can say at the moment. */
export type Listed = ListedAs | 'none' | 'unconfirmed';

/**
 * Puts the list in force as a whole; the same list again costs one read of Redis. Any number of workers may. `readRooms` is asked here and not before:
 * rooms that were read before Redis became another process may lack one that it has lost since.
 */
export async function keepRoomList(
  connection: RoomConnection, readRooms: () => Promise<ReadonlyMap<RoomId, ListedAs>>,
): Promise<'written' | 'unchanged'> {
  const runId = runIdOf(connection);
  const rooms = await readRooms();
  const digest = createHash('sha256');
  for (const [room, listedAs] of rooms) digest.update(`${room} ${listedAs}\n`);
  const wanted = digest.digest('base64url');
  const [writtenTo, present] = await askPlainly(connection, WHAT, (redis) => redis.hmget(KEY, RUN_ID, DIGEST));
  if (writtenTo === runId && present === wanted) return 'unchanged';
  if (connection.runId() !== runId) throw new RoomUnreachable('the list of rooms: Redis changed');
  const fields = [...rooms].flat();
  const whole = connection.redis.multi().del(KEY);
  for (let from = 0; from < fields.length; from += 2 * FIELDS_AT_ONCE) whole.hset(KEY, ...fields.slice(from, from + 2 * FIELDS_AT_ONCE));
  const replies = await askPlainly(connection, WHAT, () => whole.hset(KEY, RUN_ID, runId, DIGEST, wanted).exec());
  for (const [error] of replies ?? []) if (error !== null) throw new RoomUnreachable(`${WHAT}: ${error.message}`, { cause: error });
  return 'written';
}

/** What the list says of a room that Redis does not know. */
export async function readListed(connection: RoomConnection, room: RoomId): Promise<Listed> {
  const runId = runIdOf(connection);
  const [writtenTo, listedAs] = await askPlainly(connection, WHAT, (redis) => redis.hmget(KEY, RUN_ID, room));
  if (writtenTo !== runId) return 'unconfirmed';
  return (listedAs as ListedAs | null) ?? 'none';
}

function runIdOf(connection: RoomConnection): string {
  const runId = connection.runId();
  if (runId === null) throw new RoomUnreachable('not connected to Redis');
  return runId;
}
