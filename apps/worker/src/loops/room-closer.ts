import {
  listLivingRooms, listStandingReports, markRoomLeft, withdrawRoomReport, writeRoomReport, type RoomFigures, type StandingReport,
} from '@onsale/control';
import { HOUR_MS, placeOf, SECOND_MS, type RoomId } from '@onsale/kernel';
import { startLoop, type Loop } from '@onsale/runtime';
import { readGauges, retire, type RetireWord, type RoomGauges } from '@onsale/waiting-room';
import type { WorkerContext } from '../context.ts';

/**
 * Sees rooms out: a closed room in which nobody holds a slot is reported and leaves all loops; a day later its data leave Redis.
 *
 *   closed ── no slot in use, no session lives ──► reported: over ── RETIRE_AFTER_MS ──► retired ── a round later Redis still knows nothing of it ──► left
 *               ▲                                     │
 *               └── Redis has it otherwise: withdrawn ┘   (fenced, reopened, somebody inside: it lost its tail; the loops heal that, then it is reported anew)
 *
 * Who holds the room's lease writes the report; the rest any worker may do: each step is decided in one statement or script, and a step whose mark was
 * lost is done again by the next round. `left` waits a round, so that a Redis which loses the retiring with its tail is asked again.
 */
export const CLOSE_EVERY_MS = 10 * SECOND_MS;
/** For so long the pages of fans and operators still see the room as it ended. */
export const RETIRE_AFTER_MS = 24 * HOUR_MS;

export type RoomCloserOptions = Pick<WorkerContext, 'database' | 'connection' | 'sessions' | 'logger'> & {
  /** The rooms that this worker calls. */
  readonly rooms: () => readonly RoomId[];
};
type Ending = { readonly room: RoomId; readonly epoch: number };

export const startRoomCloser = ({ onError, ...options }: RoomCloserOptions & { readonly onError: (error: unknown, name: string) => void }): Loop =>
  startLoop({ name: 'room closer', everyMs: CLOSE_EVERY_MS, run: (signal) => closeRooms(options, signal), onError });

/** One round. A room that cannot be seen out holds up no other; the first such failure is thrown at the end. */
export async function closeRooms(options: RoomCloserOptions, signal: AbortSignal): Promise<void> {
  const { database, rooms } = options;
  const failures: unknown[] = [];
  const each = async <One>(all: readonly One[], act: (one: One) => Promise<void>): Promise<void> => {
    for (const one of all) if (!signal.aborted) await act(one).catch((error: unknown) => failures.push(error));
  };
  const ours = new Set(rooms());
  await each((await listLivingRooms(database.reads)).filter(({ room, phase }) => phase === 'closed' && ours.has(room)), (room) => report(options, room));
  await each(await listStandingReports(database.reads), (standing) => seeOut(options, standing));
  if (failures.length > 0) throw failures[0];
}

async function report({ database, connection, sessions, logger }: RoomCloserOptions, { room, epoch }: Ending): Promise<void> {
  const gauges = await readGauges(connection, room);
  if (gauges.word !== 'gauges' || whyNot(gauges, epoch) !== null) return;
  // A place may end before its session, which the reconciler then ends: the room is its work until that is done.
  const [session] = await sessions.living(room, placeOf(epoch, 1) - 1, 1);
  if (session !== undefined) return;
  const figures = figuresOf(gauges);
  if ((await writeRoomReport(database.reads, { room, epoch, figures })) === 'reported') logger.info({ room, epoch, ...figures }, 'the room is over');
}

async function seeOut({ database, connection, logger }: RoomCloserOptions, { room, epoch, ageMs }: StandingReport): Promise<void> {
  const isDue = ageMs >= RETIRE_AFTER_MS;
  const found = isDue ? await retire(connection, room, epoch) : await look({ connection }, { room, epoch });
  if (found === null) return;
  if (found === 'retired') return logger.info({ room, epoch }, 'the room has left Redis');
  if (found === 'no-room') return isDue ? markRoomLeft(database.reads, { room, epoch }) : undefined;
  logger.warn({ room, epoch, found }, 'the room is not over after all');
  await withdrawRoomReport(database.reads, { room, epoch });
}

type WhyNot = Exclude<RetireWord, 'retired'>;

/** What `retire` would refuse, or null. */
async function look({ connection }: Pick<RoomCloserOptions, 'connection'>, { room, epoch }: Ending): Promise<WhyNot | null> {
  const gauges = await readGauges(connection, room);
  return gauges.word === 'gauges' ? whyNot(gauges, epoch) : 'no-room';
}

function whyNot(gauges: RoomGauges, epoch: number): WhyNot | null {
  if (gauges.fenced) return 'fenced';
  if (gauges.epoch !== epoch) return 'epoch';
  if (gauges.phase !== 'closed') return 'not-closed';
  return gauges.counts.slotsInUse > 0 ? 'in-use' : null;
}

const figuresOf = ({ totals, counts, peakWaiting }: RoomGauges): RoomFigures => ({ ...totals, peakWaiting, uncalled: counts.waiting + counts.absent });
