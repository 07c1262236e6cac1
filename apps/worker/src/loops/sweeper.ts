import { SECOND_MS, type RoomId } from '@onsale/kernel';
import { startLoop, type Loop } from '@onsale/runtime';
import { sweep } from '@onsale/waiting-room';
import type { WorkerContext } from '../context.ts';

/** Ends what is over on the room clock and finds the silent, about once a second; a full batch is followed by the next at once. */
export const SWEEP_EVERY_MS = SECOND_MS;
const BATCHES_A_RUN_MAX = 50;

export type SweeperOptions = Pick<WorkerContext, 'connection'> & {
  readonly room: RoomId;
  readonly onError: (error: unknown, name: string) => void;
  /** Sweeping is off for a while: some worker has readopted the room. Told once per such spell. */
  readonly onOff: () => void;
};

export function startSweeper({ connection, room, onError, onOff }: SweeperOptions): Loop {
  let wasOff = false;
  const run = async (signal: AbortSignal): Promise<void> => {
    for (let batch = 0; batch < BATCHES_A_RUN_MAX && !signal.aborted; batch += 1) {
      const swept = await sweep(connection, room);
      const isOff = swept.word === 'off';
      if (isOff && !wasOff) onOff();
      wasOff = isOff;
      if (!('more' in swept) || !swept.more) return;
    }
  };
  return startLoop({ name: `sweeper of ${room}`, everyMs: SWEEP_EVERY_MS, run, onError });
}
