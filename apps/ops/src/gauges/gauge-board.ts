import { readShowFigures, type ShowFigures } from '@onsale/booking';
import type { GaugesHistoryReply, GaugesMessage } from '@onsale/contract';
import type { Queryable } from '@onsale/database';
import { SECOND_MS, type MonotonicClock, type RoomId, type ShowId, type WallClock } from '@onsale/kernel';
import { readGauges, type RoomConnection, type RoomGauges } from '@onsale/waiting-room';
import { createLoadReader, type MysqlLoad } from '../store/mysql-load.ts';
import { createGaugeHistory } from './gauge-history.ts';
import { gaugesMessage, type Aged } from './gauges-message.ts';
import { createSampler, type Reading, type Sampler } from './sampler.ts';

/**
 * Live figures of rooms, computed once for everybody who watches: the room's own every second at most, booking's and the server's load
 * at most every second and for no more than a twentieth of the time. What cannot be read is null or old, and says how old.
 */
export type GaugeBoardOptions = {
  readonly connection: RoomConnection;
  readonly database: Queryable;
  readonly monotonic: MonotonicClock;
  readonly wallClock: WallClock;
  readonly onError: (error: unknown) => void;
};

/** Below a second, so that a reader once a second always gets a new reading. */
const ROOM_EVERY_MS = 900;
const ROOM_EXPIRES_MS = 10 * SECOND_MS;
const FIGURES = { everyMs: SECOND_MS, waitAtMs: 3 * SECOND_MS, expiresMs: 15 * SECOND_MS } as const;
/** Rooms whose figures are kept; past it the one that was first is forgotten. */
const ROOMS_MAX = 1_000;

type Board = {
  readonly room: Sampler<RoomGauges>;
  readonly figures: Sampler<ShowFigures>;
  shows: readonly ShowId[];
  epoch: number;
  clock: number;
  standsSinceMs: number;
};

export class GaugeBoard {
  readonly #options: GaugeBoardOptions;
  readonly #boards = new Map<RoomId, Board>();
  readonly #load: Sampler<MysqlLoad>;
  readonly #history = createGaugeHistory();

  constructor(options: GaugeBoardOptions) {
    this.#options = options;
    const { database, monotonic } = options;
    this.#load = createSampler({ take: createLoadReader(database, monotonic), monotonic, ...FIGURES });
  }

  /** Throws RoomUnknown when Redis does not know the room, RoomUnreachable when it has been away for too long. */
  async read(room: RoomId): Promise<GaugesMessage> {
    const { monotonic, wallClock } = this.#options;
    const board = this.#boardOf(room);
    const reading = await board.room.read();
    board.shows = reading.value.settings.shows;
    this.notice(room, reading.value);
    const [figures, load] = await Promise.all([this.#aged(board.figures), this.#aged(this.#load)]);
    const nowMs = monotonic();
    const message = gaugesMessage({
      gauges: { value: reading.value, ageMs: nowMs - reading.takenAtMs }, nowMs: wallClock(), standsForMs: nowMs - board.standsSinceMs, figures, load,
    });
    this.#history.add(room, message, nowMs);
    return message;
  }

  /** What was read of the room in the last minutes, by whoever asked. */
  history(room: RoomId): GaugesHistoryReply {
    return { samples: this.#history.of(room, this.#options.monotonic()) };
  }

  /** A reading that somebody else took: it tells whether the room clock moves. */
  notice(room: RoomId, { epoch, clock }: RoomGauges): void {
    const board = this.#boardOf(room);
    // Readings of two readers may come in another order than they were taken.
    const isNews = epoch > board.epoch || (epoch === board.epoch && clock > board.clock);
    if (!isNews) return;
    Object.assign(board, { epoch, clock });
    board.standsSinceMs = this.#options.monotonic();
  }

  /** The room has changed: the next reader gets a new reading. */
  changed(room: RoomId): void {
    this.#boards.get(room)?.room.forget();
  }

  #boardOf(room: RoomId): Board {
    const known = this.#boards.get(room);
    if (known !== undefined) return known;
    if (this.#boards.size >= ROOMS_MAX) this.#boards.delete(this.#boards.keys().next().value as RoomId);
    const { connection, database, monotonic } = this.#options;
    const board: Board = {
      room: createSampler({ take: () => gaugesOf(connection, room), monotonic, everyMs: ROOM_EVERY_MS, waitAtMs: ROOM_EVERY_MS, expiresMs: ROOM_EXPIRES_MS }),
      figures: createSampler({ take: () => readShowFigures(database, { room, shows: board.shows }), monotonic, ...FIGURES }),
      shows: [], epoch: 0, clock: -1, standsSinceMs: monotonic(),
    };
    this.#boards.set(room, board);
    return board;
  }

  async #aged<Value>(sampler: Sampler<Value>): Promise<Aged<Value> | null> {
    try {
      const { value, takenAtMs }: Reading<Value> = await sampler.read();
      return { value, ageMs: this.#options.monotonic() - takenAtMs };
    } catch (error) {
      this.#options.onError(error);
      return null;
    }
  }
}

/** Redis does not know the room (any more). */
export class RoomUnknown extends Error {
  override readonly name = 'RoomUnknown';
}

async function gaugesOf(connection: RoomConnection, room: RoomId): Promise<RoomGauges> {
  const gauges = await readGauges(connection, room);
  if (gauges.word !== 'gauges') throw new RoomUnknown('Redis does not know the room');
  return gauges;
}
