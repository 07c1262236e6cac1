import { RoomParams, RoomShowsReply, SHOW_LIMIT_BOUNDS, ShowLimitsPatch, ShowLimitsReply, ShowParams, ProblemError } from '@onsale/contract';
import { changeOperatedLimits, readOperatedShows, type OperatedShow } from '@onsale/booking';
import { readRoom, recordAct, type Act } from '@onsale/control';
import { inTransaction, type Pool } from '@onsale/database';
import type { RoomId, ShowId } from '@onsale/kernel';
import type { OnsaleServer } from '@onsale/runtime';
import type { FastifyError } from 'fastify';
import type { OpsContext } from '../context.ts';
import { badSetting } from '../rooms/room-refusals.ts';

/** Limits of shows, for an on-sale that goes otherwise than was thought. Saved is in force: booking rereads them every second. */
export function showRoutes(server: OnsaleServer, { pool, gate }: OpsContext): void {
  server.get('/rooms/:room/shows', { schema: { params: RoomParams, response: { 200: RoomShowsReply } } }, async (request) => {
    const room = await readRoom(pool, request.params.room as RoomId);
    if (room === undefined) throw new ProblemError('not-found');
    return { shows: await readOperatedShows(pool, room.shows) };
  });

  server.patch(
    '/shows/:show/limits',
    {
      schema: { params: ShowParams, body: ShowLimitsPatch, response: { 200: ShowLimitsReply } },
      errorHandler: nameTheLimit, config: { importance: 'money' },
    },
    async (request) => {
      const operator = gate.operatorOf(request, ['operator']);
      const { cause = '', ...patch } = request.body;
      return await changeLimits(pool, request.params.show as ShowId, patch, { actor: operator.name, cause });
    },
  );
}

/** What shows' records in the audit log are about. */
export const subjectOfShow = (show: ShowId): string => `show:${show}`;

/** One transaction with its audit record; a patch that changes nothing leaves none. */
async function changeLimits(pool: Pool, show: ShowId, patch: Omit<ShowLimitsPatch, 'cause'>, act: Act): Promise<OperatedShow> {
  return await inTransaction(pool, { isolation: 'read committed' }, async (tx) => {
    const changed = await changeOperatedLimits(tx, show, patch);
    if (changed === undefined) throw new ProblemError('not-found');
    const { before, after } = changed;
    const fields = LIMITS.filter((field) => before[field] !== after[field]);
    const valuesOf = (of: OperatedShow): Record<string, number> => Object.fromEntries(fields.map((field) => [field, of[field]]));
    if (fields.length > 0)
      await recordAct(tx, { ...act, action: 'show.limits', subject: subjectOfShow(show), before: valuesOf(before), after: valuesOf(after) });
    return after;
  });
}
const LIMITS = Object.keys(SHOW_LIMIT_BOUNDS) as (keyof typeof SHOW_LIMIT_BOUNDS)[];

/** A value that the schema refuses is told with its field and bounds. */
function nameTheLimit(error: FastifyError): never {
  const field = error.validationContext === 'body' ? error.validation?.[0]?.instancePath.split('/')[1] : undefined;
  if (field === undefined || !Object.hasOwn(SHOW_LIMIT_BOUNDS, field)) throw error;
  throw badSetting(field, SHOW_LIMIT_BOUNDS[field as keyof typeof SHOW_LIMIT_BOUNDS]);
}
