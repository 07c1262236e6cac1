import type { RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import { runScript, scriptOf } from './script.ts';

/** `readopted`: this process' data are the room's now. `unchanged`: they were. `changed`: another adopted meanwhile; read again. */
export type ReadoptReply =
  | { readonly word: 'readopted' | 'unchanged'; readonly incarnation: number }
  | { readonly word: 'changed' | 'no-room' };

/**
 * After Redis may have lost its tail: adopts the process behind this connection if the adopted one is still `expectedRunId`
 * (of readGauges). Then reconcile. One winner among workers.
 *
 * `incarnationSeen`: the highest incarnation that anything which survives Redis remembers. The new one is above it: a Redis that
 * loses its tail a second time may lose the first adoption with it, and would otherwise repeat the numbers that were issued after it.
 */
export async function readopt(connection: RoomConnection, room: RoomId, expectedRunId: string, incarnationSeen = 0): Promise<ReadoptReply> {
  const args = { expected: expectedRunId, seen: incarnationSeen };
  const [word, incarnation] = (await runScript(connection, scriptOf('readopt'), room, args)) as [string, number?];
  return incarnation === undefined ? { word: word as 'changed' } : { word: word as 'readopted', incarnation };
}
