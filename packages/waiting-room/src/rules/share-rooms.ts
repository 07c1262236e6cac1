import type { RoomId } from '@onsale/kernel';

/** What one worker knows when it decides which rooms it calls. `holders`: who called which room last; `living`: the workers that beat lately. */
export type ShareView = {
  readonly me: string;
  readonly living: ReadonlySet<string>;
  readonly holders: ReadonlyMap<RoomId, string>;
  /** Every room that needs a caller. */
  readonly rooms: readonly RoomId[];
  /** Rooms that one worker calls at most. */
  readonly roomsMax: number;
};

/** `mine`: kept and taken. `taken`: of those, the new ones. `left`: leases that nobody needs. `free`: called by no living worker, for the next one to take. */
export type Share = {
  readonly mine: readonly RoomId[]; readonly taken: readonly RoomId[]; readonly left: readonly RoomId[]; readonly free: readonly RoomId[];
};

/**
 * Rooms whose worker lives stay with it. A free room is taken by whoever sees it first and has room; then who has fewer takes from who has the
 * most, until they differ by one. The worker a room is taken from goes on calling until its own next beat: two callers are harmless, none is not.
 */
export function shareRooms({ me, living, holders, rooms, roomsMax }: ShareView): Share {
  const workers = new Set(living).add(me);
  const byWorker = new Map<string, RoomId[]>(Array.from(workers, (worker) => [worker, []]));
  const free: RoomId[] = [];
  for (const room of rooms) (byWorker.get(holders.get(room) ?? '') ?? free).push(room);
  const kept = byWorker.get(me) as RoomId[];
  const taken = free.splice(0, Math.max(0, roomsMax - kept.length));
  while (kept.length + taken.length < roomsMax) {
    const [, most] = [...byWorker].reduce((one, other) => (other[1].length > one[1].length ? other : one));
    if (most.length <= kept.length + taken.length + 1) break;
    taken.push(most.pop() as RoomId);
  }
  const needed = new Set(rooms);
  const left = [...holders].filter(([room, holder]) => !needed.has(room) && (holder === me || !workers.has(holder))).map(([room]) => room);
  return { mine: [...kept, ...taken], taken, left, free };
}
