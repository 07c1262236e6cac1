import { ADMISSION_PREFIX, BOOKING_PREFIX, type LayoutReply, type RoomReply } from '@onsale/contract';
import { bookingUpstream, type Upstreams } from './proxy.ts';

/** One thing on sale: an event page, the room that guards it, and the show whose layout describes it. */
export type OnSale = { readonly event: string; readonly room: string; readonly show: string };
/** What pages say about a show: the layout without its seats. */
export type ShowFacts = Pick<LayoutReply, 'event' | 'venue' | 'startsAt' | 'currency' | 'seats' | 'grades' | 'salesOpen'>;

const ANSWER_MS = 1_500;
const ROOM_FRESH_MS = 1_000;
const SHOW_FRESH_MS = 30_000;
/** Names come from addresses that strangers type; the memory of them is bounded. */
const REMEMBERED_MAX = 256;

export type OnSaleReader = {
  readonly room: (room: string) => Promise<RoomReply | null>;
  readonly show: (show: string) => Promise<ShowFacts | null>;
};

/** Reads public facts from the apps for server-rendered pages; null when unknown or the app is away. Cached, one read at a time. */
export function readOnSale(upstreams: Upstreams, now: () => number): OnSaleReader {
  const rooms = remember<RoomReply>(ROOM_FRESH_MS, now, (room) => readJson(`${upstreams.admission}${ADMISSION_PREFIX}/rooms/${room}`));
  const shows = remember<ShowFacts>(SHOW_FRESH_MS, now, async (show) => {
    const layout = await readJson<LayoutReply>(`${bookingUpstream(upstreams.booking, `/shows/${show}`)}${BOOKING_PREFIX}/shows/${show}/layout`);
    if (layout === null) return null;
    const { event, venue, startsAt, currency, seats, grades, salesOpen } = layout;
    return { event, venue, startsAt, currency, seats, grades, salesOpen };
  });
  return { room: rooms, show: shows };
}

function remember<Value>(freshMs: number, now: () => number, read: (key: string) => Promise<Value | null>): (key: string) => Promise<Value | null> {
  const known = new Map<string, { readonly at: number; readonly value: Promise<Value | null> }>();
  return (key) => {
    const entry = known.get(key);
    if (entry !== undefined && now() - entry.at < freshMs) return entry.value;
    known.delete(key);
    if (known.size >= REMEMBERED_MAX) known.delete(known.keys().next().value as string);
    const value = read(key);
    known.set(key, { at: now(), value });
    // A miss is remembered only for as long as a room is fresh, so that a late app shows up at once.
    void value.then((found) => {
      if (found === null && known.get(key)?.value === value) known.set(key, { at: now() - Math.max(0, freshMs - ROOM_FRESH_MS), value });
    });
    return value;
  };
}

async function readJson<Body>(url: string): Promise<Body | null> {
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS), redirect: 'error' });
    if (reply.status === 200) return (await reply.json()) as Body;
    await reply.body?.cancel();
    return null;
  } catch {
    return null;
  }
}
