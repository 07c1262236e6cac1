import type { RoomSettings } from '@onsale/control';
import type { RoomId, ShowId } from '@onsale/kernel';
import type { Loop } from '@onsale/runtime';
import type { WorkerContext } from './context.ts';
import { createIncarnations } from './incarnations.ts';
import { startCaller } from './loops/caller.ts';
import { startReconciler } from './loops/reconciler.ts';
import { startSweeper } from './loops/sweeper.ts';

/** Caller, sweeper and reconciler of every room. A room once known keeps its loops while MySQL is away: the line goes on. */
export type RoomLoops = {
  /** Starts the loops of rooms that are new, stops those of rooms that are gone. */
  follow(rooms: readonly Pick<RoomSettings, 'room' | 'shows'>[]): void;
  rooms(): readonly RoomId[];
  /** What they sell. */
  shows(): readonly ShowId[];
  loops(): readonly Loop[];
  stop(): Promise<void>;
};

/** Ten ticks a second each: more is another worker's share. */
export const ROOMS_MAX = 200;

type Loops = { readonly caller: Loop; readonly sweeper: Loop; readonly reconciler: Loop };

export function createRoomLoops(context: WorkerContext, onError: (error: unknown, name: string) => void): RoomLoops {
  const byRoom = new Map<RoomId, Loops>();
  let shows: readonly ShowId[] = [];
  const begin = (room: RoomId): Loops => {
    const reconciler = startReconciler({ ...context, room, onError });
    const incarnations = createIncarnations({ ...context, room, onError: (error) => onError(error, `incarnations of ${room}`) });
    // Whoever adopted it, this worker or another: what Redis forgot is at booking.
    const heal = (): void => reconciler.kick();
    return {
      reconciler,
      caller: startCaller({ ...context, room, incarnations, onError, onReadopted: heal }),
      sweeper: startSweeper({ ...context, room, onError, onOff: heal }),
    };
  };
  const end = async ({ caller, sweeper, reconciler }: Loops): Promise<void> => {
    await Promise.all([caller.stop(), sweeper.stop(), reconciler.stop()]);
  };
  return {
    follow(rooms) {
      shows = [...new Set(rooms.flatMap((settings) => settings.shows))];
      const wanted = new Set(rooms.map(({ room }) => room));
      for (const [room, loops] of byRoom) {
        if (wanted.has(room)) continue;
        byRoom.delete(room);
        void end(loops);
      }
      for (const room of wanted) {
        if (!byRoom.has(room) && byRoom.size < ROOMS_MAX) byRoom.set(room, begin(room));
        else if (!byRoom.has(room)) context.logger.error({ room }, `more than ${ROOMS_MAX} rooms: this one is called by nobody here`);
      }
    },
    rooms: () => [...byRoom.keys()],
    shows: () => shows,
    loops: () => [...byRoom.values()].flatMap(({ caller, sweeper, reconciler }) => [caller, sweeper, reconciler]),
    stop: async () => {
      const all = [...byRoom.values()];
      byRoom.clear();
      await Promise.all(all.map(end));
    },
  };
}
