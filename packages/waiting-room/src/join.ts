import { invariant, type Place, type RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import { plainView, viewOf, type PlaceView } from './place-view.ts';
import type { RoomRefusal } from './rules/words.ts';
import { BATCH_MAX, runScript, scriptOf } from './script.ts';

/** `identity`: 16 bytes, who may hold one living place in the room. */
export type JoinRequest = { readonly identity: Buffer };
export const IDENTITY_BYTES = 16;

/**
 * `joined`: a new place at the end. `again`: the living place this identity already holds; also a sign of life.
 * `ended`: its place ended and may not be taken anew (the room's `rejoin`, or revoked).
 * `full`: Redis has no memory left for newcomers. `scheduled`, `lobby`, `drawing`, `closed`, `recovering`: the phase takes nobody.
 */
export type JoinReply =
  | { readonly word: 'joined' | 'again' | 'ended'; readonly view: PlaceView; readonly incarnation: number }
  | { readonly word: 'scheduled' | 'lobby' | 'drawing' | 'closed' | 'recovering' | 'full' | RoomRefusal };

/** Joins up to BATCH_MAX fans in the order given; one reply for each, in the same order. */
export async function join(connection: RoomConnection, room: RoomId, requests: readonly JoinRequest[]): Promise<JoinReply[]> {
  invariant(requests.length <= BATCH_MAX, 'too many joins at once');
  for (const { identity } of requests) invariant(identity.length === IDENTITY_BYTES, 'an identity has 16 bytes');
  if (requests.length === 0) return [];
  const reply = await runScript(connection, scriptOf('join'), room, {}, requests.map(({ identity }) => identity));
  if (reply === null) return requests.map(() => ({ word: 'full' }));
  const [word, incarnation, rows] = reply as [string, number, Row[]];
  if (word !== 'ok') return requests.map(() => ({ word: word as 'fenced' }));
  return rows.map((row) => replyOf(row, incarnation));
}

type Row = readonly [word: string, ...view: unknown[]] | readonly [place: Place, ahead: number];

function replyOf(row: Row, incarnation: number): JoinReply {
  const [first] = row;
  if (typeof first === 'number') return { word: 'joined', view: plainView(first, row[1] as number), incarnation };
  return row.length === 1 ? { word: first as 'closed' } : { word: first as 'again', view: viewOf(row, 1), incarnation };
}
