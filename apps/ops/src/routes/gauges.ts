import { GaugesHistoryReply, GaugesMessage, ProblemError, RoomParams } from '@onsale/contract';
import type { RoomId } from '@onsale/kernel';
import type { OnsaleServer } from '@onsale/runtime';
import type { OpsContext } from '../context.ts';
import { RoomUnknown } from '../gauges/gauge-board.ts';

export function gaugesRoute(server: OnsaleServer, context: OpsContext): void {
  const schema = { params: RoomParams, response: { 200: GaugesMessage } };
  server.get('/rooms/:room/gauges', { schema }, (request) => gaugesOf(context, request.params.room as RoomId));
  const ofThePast = { params: RoomParams, response: { 200: GaugesHistoryReply } };
  server.get('/rooms/:room/gauges/history', { schema: ofThePast }, async (request) => {
    const room = request.params.room as RoomId;
    await context.desk.mustKnow(room);
    return context.board.history(room);
  });
}

/** Throws not-found for a room nobody made, `room-not-open` for one that is over and has left Redis, `recovering` for one that Redis has lost. */
export async function gaugesOf({ desk, board }: Pick<OpsContext, 'desk' | 'board'>, room: RoomId): Promise<GaugesMessage> {
  await desk.mustKnow(room);
  try {
    return await board.read(room);
  } catch (error) {
    if (!(error instanceof RoomUnknown)) throw error;
    throw (await desk.read(room)).report === null ? new ProblemError('recovering') : new ProblemError('room-not-open', { phase: 'closed' });
  }
}
