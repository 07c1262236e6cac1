import { type RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import { viewOf, type PlaceView, type RawView } from './place-view.ts';
import type { ReceiptClaims } from './receipt.ts';
import type { RoomRefusal } from './rules/words.ts';
import { runScript, scriptOf } from './script.ts';

/**
 * `restored`: in line again at its own order. `again`: the place lives. `ended`: it ended, the view says how. `other`: its
 * identity has been called with a newer place, which stays (the view is that one). `full`: no memory.
 */
export type RestoreReply =
  | { readonly word: 'restored' | 'again' | 'ended' | 'other'; readonly view: PlaceView }
  | { readonly word: 'closed' | 'epoch' | 'unknown' | 'full' | RoomRefusal };

/** A place that Redis lost with its tail comes back by its receipt, whose signature the caller has verified. */
export async function restore(connection: RoomConnection, room: RoomId, receipt: ReceiptClaims): Promise<RestoreReply> {
  const { place, order, identity } = receipt;
  const reply = await runScript(connection, scriptOf('restore'), room, { place, order, identity });
  if (reply === null) return { word: 'full' };
  const [word, view] = reply as [string, RawView?];
  return view === undefined ? { word: word as 'closed' } : { word: word as 'restored', view: viewOf(view) };
}
