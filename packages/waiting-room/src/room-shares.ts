import { SECOND_MS, type RoomId } from '@onsale/kernel';
import { RoomUnreachable, type RoomConnection } from './connection.ts';
import { shareRooms, type Share } from './rules/share-rooms.ts';

/**
 * Which worker calls which rooms. A worker lives while it beats; what it calls is its lease, and a lease lives as long as its worker:
 *
 *   beat (every second) ──► living for SHARE_LEASE_MS ── no beat: dead ──► its rooms are free, and taken with the next beat of another
 *
 * Two hashes' worth of state in a slot of its own: the living workers by the time at which they die (Redis' clock), and room → worker. Nothing here
 * must be atomic: of two that take one room the later write wins, the other sees it at its next beat, and two callers of one room are harmless.
 */
const WORKERS = '{room:}:workers';
const HOLDERS = '{room:}:callers';

export const SHARE_LEASE_MS = 3 * SECOND_MS;

export type Beat = { readonly worker: string; readonly rooms: readonly RoomId[]; readonly roomsMax: number };

/** A sign of life of this worker; gives the rooms that it calls from now on. */
export async function beat(connection: RoomConnection, { worker, rooms, roomsMax }: Beat): Promise<Share> {
  const { redis } = connection;
  try {
    const [seconds, micros] = await redis.time();
    const nowMs = Number(seconds) * SECOND_MS + Math.floor(Number(micros) / 1_000);
    const [, , living, holders] = await Promise.all([
      redis.zremrangebyscore(WORKERS, '-inf', nowMs), redis.zadd(WORKERS, nowMs + SHARE_LEASE_MS, worker),
      redis.zrange(WORKERS, '0', '-1'), redis.hgetall(HOLDERS),
    ]);
    const share = shareRooms({ me: worker, living: new Set(living), holders: new Map(Object.entries(holders) as [RoomId, string][]), rooms, roomsMax });
    const { taken, left } = share;
    await Promise.all([
      taken.length === 0 ? undefined : redis.hset(HOLDERS, Object.fromEntries(taken.map((room) => [room, worker]))),
      left.length === 0 ? undefined : redis.hdel(HOLDERS, ...left),
    ]);
    return share;
  } catch (error) {
    throw new RoomUnreachable(`sharing rooms: ${(error as Error).message}`, { cause: error });
  }
}

/** This worker stops: its rooms are free at once. */
export async function leaveShares(connection: RoomConnection, worker: string): Promise<void> {
  await connection.redis.zrem(WORKERS, worker);
}
