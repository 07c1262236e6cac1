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
 */
export async function readopt(connection: RoomConnection, room: RoomId, expectedRunId: string): Promise<ReadoptReply> {
  const [word, incarnation] = (await runScript(connection, scriptOf('readopt'), room, { expected: expectedRunId })) as [string, number?];
  return incarnation === undefined ? { word: word as 'changed' } : { word: word as 'readopted', incarnation };
}
