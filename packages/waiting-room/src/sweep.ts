import type { Place, RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import type { RoomRefusal } from './rules/words.ts';
import { runScript, scriptOf } from './script.ts';

/**
 * `swept`: what ended or went silent. `more`: a batch was full, sweep again soon. `off`: not now (after Redis lost its
 * tail). `returning`: most of the crowd fell silent within one period, which is our outage and not their leaving: nobody
 * is made absent and calls wait.
 */
export type SweepReply =
  | {
    readonly word: 'swept' | 'returning'; readonly missed: readonly Place[]; readonly lapsed: readonly Place[];
    readonly finished: readonly Place[]; readonly absent: number; readonly more: boolean;
  }
  | { readonly word: 'off' | RoomRefusal };

/** Ends what is over on the room clock: calls not answered, tokens not redeemed, leases; and finds the silent. About once a second. */
export async function sweep(connection: RoomConnection, room: RoomId): Promise<SweepReply> {
  const reply = (await runScript(connection, scriptOf('sweep'), room, {})) as
    [string] | ['swept' | 'returning', number[], number[], number[], number, number];
  if (reply.length === 1) return { word: reply[0] as 'off' };
  const [word, missed, lapsed, finished, absent, more] = reply;
  return { word, missed: missed as Place[], lapsed: lapsed as Place[], finished: finished as Place[], absent, more: more === 1 };
}
