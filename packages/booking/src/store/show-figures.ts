import type { Queryable, RowDataPacket } from '@onsale/database';
import type { RoomId, ShowId } from '@onsale/kernel';
import { ATTEMPTS_SCOPE } from '../rules/seat-limit.ts';

/** What operators watch of a room's shows, all shows together. */
export type ShowFigures = {
  readonly free: number;
  readonly held: number;
  readonly sold: number;
  readonly blocked: number;
  readonly ordersPaid: number;
  /** Entry sessions of the room that have neither ended nor run out. */
  readonly sessionsLive: number;
  /** Of these, the ones that have made at least four fifths of the attempts that the strictest of the shows allows. */
  readonly sessionsNearAttempts: number;
  /** Holds of the shows whose time ran out within the last hour. */
  readonly holdsLapsed: number;
};

/** From this share of its limit on a session is near it. */
const NEAR_SHARE = 0.8;

export type WatchedRoom = { readonly room: RoomId; readonly shows: readonly ShowId[] };

/**
 * Four statements that lock nothing; each sees its own moment. Cost: one pass over the shows' seats (about 5 ms for 15,000), their paid
 * orders,
 * its sessions that have not run out with a counter each, and the holds that lapsed within the hour (an index that covers). A room without shows: zeros.
 */
export async function readShowFigures(database: Queryable, { room, shows }: WatchedRoom): Promise<ShowFigures> {
  const figures = { free: 0, held: 0, sold: 0, blocked: 0, ordersPaid: 0, sessionsLive: 0, sessionsNearAttempts: 0, holdsLapsed: 0 };
  if (shows.length > 0) {
    const [seats] = await database.query<RowDataPacket[]>('SELECT state, COUNT(*) AS seats FROM seat WHERE show_id IN (?) GROUP BY state', [shows]);
    for (const row of seats) figures[row['state'] as 'free' | 'held' | 'sold' | 'blocked'] = Number(row['seats']);
    const [orders] = await database.query<RowDataPacket[]>("SELECT COUNT(*) AS orders FROM ticket_order WHERE state = 'paid' AND show_id IN (?)", [shows]);
    figures.ordersPaid = Number(orders[0]?.['orders']);
    const [holds] = await database.query<RowDataPacket[]>(
      `SELECT COUNT(*) AS lapsed FROM hold FORCE INDEX (by_state)
        WHERE state = 'expired' AND until_at > NOW(3) - INTERVAL 1 HOUR AND show_id IN (?)`,
      [shows],
    );
    figures.holdsLapsed = Number(holds[0]?.['lapsed']);
  }
  const [sessions] = await database.query<RowDataPacket[]>(
    `SELECT COUNT(*) AS sessions, COUNT(CASE WHEN a.live >= ? * m.fewest THEN 1 END) AS near_limit FROM entry_session s
      LEFT JOIN allowance a ON a.scope_id = ? AND a.person = s.sid
      CROSS JOIN (SELECT MIN(attempts_per_session) AS fewest FROM show_sale WHERE show_id IN (?)) m
      WHERE s.until_at > NOW(3) AND s.room = ? AND NOT EXISTS (SELECT 1 FROM session_end e WHERE e.sid = s.sid)`,
    [NEAR_SHARE, ATTEMPTS_SCOPE, shows.length === 0 ? [''] : shows, room],
  );
  figures.sessionsLive = Number(sessions[0]?.['sessions']);
  figures.sessionsNearAttempts = Number(sessions[0]?.['near_limit']);
  return figures;
}
