import { SECOND_MS, type RoomId } from '@onsale/kernel';
import { startLoop, type Loop } from '@onsale/runtime';
import { createCaller, readGauges, readopt, type CallReply, type Phase } from '@onsale/waiting-room';
import type { WorkerContext } from '../context.ts';
import type { Incarnations } from '../incarnations.ts';

/**
 * Calls the fans of one room, at its pace: ten ticks a second, whoever polls or not. A scheduled room opens by the same tick when its time
 * has come. Several workers may call the same room: the room clock and the sliding minute are the room's, not the caller's.
 *
 *   ticking ── Redis is not the process whose data were adopted: `fenced` ──► reserving an incarnation ──► readopting (one winner) ──► ticking
 */
export const CALL_EVERY_MS = 90;
/** A room that calls nobody is looked at less often. */
const QUIET_EVERY_MS = 500;
const QUIET: ReadonlySet<Phase> = new Set<Phase>(['scheduled', 'closed']);
/** Redis away: every moment without calls is a moment that the line stands. */
const BACKOFF_MAX_MS = 500;

export type CallerOptions = Pick<WorkerContext, 'connection' | 'logger' | 'monotonic'> & {
  readonly room: RoomId;
  readonly incarnations: Incarnations;
  readonly onError: (error: unknown, name: string) => void;
  /** After Redis lost its tail and this worker adopted what is left. */
  readonly onReadopted: () => void;
  readonly onTick?: (reply: CallReply) => void;
};

export function startCaller({ connection, room, incarnations, logger, monotonic, onError, onReadopted, onTick }: CallerOptions): Loop {
  const caller = createCaller(connection, room, monotonic);
  let quietUntilMs = 0;
  const run = async (): Promise<void> => {
    if (monotonic() < quietUntilMs) return;
    const reply = await caller.tick();
    onTick?.(reply);
    if (reply.word === 'ticked') incarnations.seen(reply);
    if (reply.word === 'ticked') quietUntilMs = QUIET.has(reply.phase) ? monotonic() + QUIET_EVERY_MS : 0;
    else quietUntilMs = monotonic() + QUIET_EVERY_MS;
    if (reply.word === 'fenced' && (await adopt())) onReadopted();
  };
  const adopt = async (): Promise<boolean> => {
    const [runId, gauges] = [connection.runId(), await readGauges(connection, room)];
    if (runId === null || gauges.word !== 'gauges' || !gauges.fenced) return false;
    const incarnation = await incarnations.next(runId, gauges);
    // Another process by now: the next tick finds it fenced, and it gets an incarnation of its own.
    if (connection.runId() !== runId) return false;
    const reply = await readopt(connection, room, gauges.adoptedRunId, incarnation - 1);
    if (reply.word !== 'readopted') return false;
    incarnations.seen({ epoch: gauges.epoch, incarnation: reply.incarnation });
    logger.warn({ room, incarnation: reply.incarnation }, 'another Redis than the adopted one answers; its data are the room’s now');
    return true;
  };
  return startLoop({ name: `caller of ${room}`, everyMs: CALL_EVERY_MS, backoffMaxMs: BACKOFF_MAX_MS, staleAfterMs: 5 * SECOND_MS, run, onError });
}
