import { JournalQuery, JournalReply, ProblemError, RoomParams } from '@onsale/contract';
import type { RoomId } from '@onsale/kernel';
import type { OnsaleServer } from '@onsale/runtime';
import { readJournal, RoomUnreachable } from '@onsale/waiting-room';
import type { OpsContext } from '../context.ts';

const PAGE = 500;
const START = '0';
/** Ids of a stream are two numbers of 64 bits. */
const ID_PART_MAX = 2n ** 64n - 1n;

/** Calls, entries, ends and settings, oldest first. A page shorter than `limit` is the last for now; `next` goes on from there. */
export function journalRoute(server: OnsaleServer, { desk, connection }: OpsContext): void {
  const schema = { params: RoomParams, querystring: JournalQuery, response: { 200: JournalReply } };
  server.get('/rooms/:room/journal', { schema }, async (request) => {
    const { after = START, limit = PAGE } = request.query;
    const isId = after.split('-').every((part) => BigInt(part) <= ID_PART_MAX);
    if (!isId) throw new ProblemError('bad-request', { field: 'after', detail: 'after is no id of the journal.' });
    const room = request.params.room as RoomId;
    await desk.mustKnow(room);
    const entries = await readJournal(connection, room, after, limit).catch((error: Error) => {
      throw error.name === 'ReplyError' && /^(ERR|WRONGTYPE)/.test(error.message) ? error : new RoomUnreachable(`journal: ${error.message}`, { cause: error });
    });
    return { entries: [...entries], next: entries.at(-1)?.id ?? after };
  });
}
