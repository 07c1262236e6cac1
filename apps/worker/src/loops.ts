import type { RoomId } from '@onsale/kernel';
import { seldom, type Loop } from '@onsale/runtime';
import type { WorkerContext } from './context.ts';
import { startAuditor } from './loops/auditor.ts';
import { startIdleEnder } from './loops/idle-ender.ts';
import { startHoldExpirer } from './loops/hold-expirer.ts';
import { startOutboxRelay } from './loops/outbox-relay.ts';
import { startPaymentResolver } from './loops/payment-resolver.ts';
import { startPruner } from './loops/pruner.ts';
import { startRoomCloser } from './loops/room-closer.ts';
import { startRoomLister } from './loops/room-lister.ts';
import { startSettingsKeeper } from './loops/settings-keeper.ts';
import { createRoomLoops } from './rooms.ts';

export type WorkerLoops = {
  readonly all: () => readonly Loop[];
  /** The rooms that this worker calls, and those that no worker does. */
  readonly rooms: () => readonly RoomId[];
  readonly uncalled: () => readonly RoomId[];
  /** The relays look at the outbox now. */
  readonly kickRelay: () => void;
  readonly stop: () => Promise<void>;
};

/** Every loop of the worker. Any number of workers may run them at once: what must happen once is decided in Redis and in the database. */
export function startLoops(context: WorkerContext, wake?: (rowId: number, delayMs: number) => void): WorkerLoops {
  const { logger, monotonic } = context;
  // Each loop for itself; its failures are counted all the same.
  const complain = (error: unknown, name: string): void => logger.warn({ err: error, loop: name }, 'a loop failed; it goes on');
  const onError = seldom(monotonic, complain, (_error, name) => name);
  const rooms = createRoomLoops(context, onError);
  const relayOptions = { ...context, onError, ...(wake === undefined ? {} : { wake }) };
  const relays = [startOutboxRelay({ ...relayOptions, share: 'others' }), startOutboxRelay({ ...relayOptions, share: 'refunds' })];
  const loops = [
    startSettingsKeeper({ ...context, onError, onRooms: (rows) => rooms.follow(rows), mine: () => rooms.rooms() }),
    startRoomLister({ ...context, onError }),
    startRoomCloser({ ...context, onError, rooms: () => rooms.rooms() }),
    ...relays,
    startHoldExpirer({ ...context, onError }),
    startIdleEnder({ ...context, onError }),
    startPaymentResolver({ ...context, onError }),
    startAuditor({ ...context, onError, rooms: () => rooms.rooms() }),
    startPruner({ ...context, onError }),
  ];
  return {
    all: () => [...loops, ...rooms.loops()],
    rooms: () => rooms.rooms(),
    uncalled: () => rooms.uncalled(),
    kickRelay: () => { for (const relay of relays) relay.kick(); },
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()));
      await rooms.stop();
    },
  };
}
