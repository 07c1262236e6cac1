import { randomUUID } from 'node:crypto';
import type { RoomSettings } from '@onsale/control';
import { SECOND_MS, type RoomId } from '@onsale/kernel';
import { seldom, startLoop, type Loop } from '@onsale/runtime';
import { beat, leaveShares, SHARE_LEASE_MS, type Share } from '@onsale/waiting-room';
import type { WorkerContext } from './context.ts';
import { createIncarnations } from './incarnations.ts';
import { startCaller } from './loops/caller.ts';
import { startReconciler } from './loops/reconciler.ts';
import { startSweeper } from './loops/sweeper.ts';

/**
 * Caller, sweeper and reconciler of the rooms that are this worker's. Workers share all rooms by leases in Redis: of a worker that died the
 * others call the rooms a few seconds later. A room once known keeps its loops while MySQL is away: the line goes on.
 */
export type RoomLoops = {
  /** All rooms that need a caller: shares the new ones, lets go of those that are gone. */
  follow(rooms: readonly Pick<RoomSettings, 'room'>[]): void;
  /** This worker's. */
  rooms(): readonly RoomId[];
  /** Rooms that no worker has taken for some seconds: there are more than the workers may call. */
  uncalled(): readonly RoomId[];
  loops(): readonly Loop[];
  stop(): Promise<void>;
};

/** Ten ticks a second each: more is another worker's share. */
export const ROOMS_MAX = 200;
export const SHARE_EVERY_MS = SECOND_MS;

type Loops = { readonly caller: Loop; readonly sweeper: Loop; readonly reconciler: Loop };
type OnError = (error: unknown, name: string) => void;

export function createRoomLoops(context: WorkerContext, onError: OnError, roomsMax: number = ROOMS_MAX): RoomLoops {
  const { connection, monotonic, logger } = context;
  const worker = randomUUID();
  const byRoom = new Map<RoomId, Loops>();
  let wanted: readonly RoomId[] = [];
  /** Monotonic time since which no worker calls a room. */
  let freeSince: ReadonlyMap<RoomId, number> = new Map();
  const complain = seldom(monotonic, (rooms: readonly RoomId[]) => logger.error({ rooms }, 'more rooms than all workers may call: these are called by nobody'));

  const apply = ({ mine }: Share): void => {
    const kept = new Set(mine);
    for (const [room, loops] of byRoom) {
      if (kept.has(room)) continue;
      byRoom.delete(room);
      void end(loops);
    }
    for (const room of mine) if (!byRoom.has(room)) byRoom.set(room, begin(context, room, onError));
  };
  const uncalled = (): RoomId[] => [...freeSince].filter(([, sinceMs]) => monotonic() - sinceMs >= SHARE_LEASE_MS).map(([room]) => room);
  const share = async (signal: AbortSignal): Promise<void> => {
    const shared = await beat(connection, { worker, rooms: wanted, roomsMax });
    if (signal.aborted) return;
    apply(shared);
    const nowMs = monotonic();
    freeSince = new Map(shared.free.map((room) => [room, freeSince.get(room) ?? nowMs]));
    if (uncalled().length > 0) complain(uncalled());
  };
  const sharer = startLoop({ name: 'room sharer', everyMs: SHARE_EVERY_MS, backoffMaxMs: SHARE_EVERY_MS, run: share, onError });

  return {
    follow(rooms) {
      const now = rooms.map(({ room }) => room);
      const isSame = now.length === wanted.length && now.every((room, index) => room === wanted[index]);
      wanted = now;
      if (!isSame) sharer.kick();
    },
    rooms: () => [...byRoom.keys()],
    uncalled,
    loops: () => [sharer, ...[...byRoom.values()].flatMap(({ caller, sweeper, reconciler }) => [caller, sweeper, reconciler])],
    stop: async () => {
      await sharer.stop();
      const all = [...byRoom.values()];
      byRoom.clear();
      await Promise.all(all.map(end));
      // Whoever cannot say so is found out by its silence.
      await leaveShares(connection, worker).catch(() => undefined);
    },
  };
}

function begin(context: WorkerContext, room: RoomId, onError: OnError): Loops {
  const reconciler = startReconciler({ ...context, room, onError });
  const incarnations = createIncarnations({ ...context, room, onError: (error) => onError(error, `incarnations of ${room}`) });
  // Whoever adopted it, this worker or another: what Redis forgot is at booking.
  const heal = (): void => reconciler.kick();
  return {
    reconciler,
    caller: startCaller({ ...context, room, incarnations, onError, onReadopted: heal }),
    sweeper: startSweeper({ ...context, room, onError, onOff: heal }),
  };
}

async function end({ caller, sweeper, reconciler }: Loops): Promise<void> {
  await Promise.all([caller.stop(), sweeper.stop(), reconciler.stop()]);
}
