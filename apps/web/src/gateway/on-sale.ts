import { ADMISSION_PREFIX, BOOKING_PREFIX, type LayoutReply, type RoomReply } from '@onsale/contract';
import { hallOf, type Hall } from '../pages/seats/page-state/hall.ts';
import { bookingUpstream, type Upstreams } from './proxy.ts';

/** One thing on sale: an event page, the room that guards it, and the show whose layout describes it. */
export type OnSale = { readonly event: string; readonly room: string; readonly show: string };
/** What pages say about a show: the layout without its seats. */
export type ShowFacts = Pick<LayoutReply, 'event' | 'venue' | 'startsAt' | 'currency' | 'seats' | 'grades' | 'salesOpen'>;

const ANSWER_MS = 1_500;
const ROOM_FRESH_MS = 1_000;
const SHOW_FRESH_MS = 30_000;
/** Names come from addresses that strangers type; the memory of them is bounded. */
const ROOMS_MAX = 256;
/** A hall of 45,000 seats takes half a megabyte. */
const SHOWS_MAX = 32;

/** Who caused the question, as headers: the apps count it against them and not against the gateway. */
export type Asker = Readonly<Record<string, string>>;

/** Null: the app is away. `unknown`: it says that there is no such room, so nothing may be promised about it. */
export type OnSaleReader = {
  readonly room: (room: string, asker: Asker) => Promise<RoomReply | 'unknown' | null>;
  readonly show: (show: string, asker: Asker) => Promise<ShowFacts | null>;
  /** The whole layout, for a page that names seats without scripts. */
  readonly hall: (show: string, asker: Asker) => Promise<Hall | null>;
};

/** Reads public facts from the apps for server-rendered pages. Cached, one read at a time. */
export function readOnSale(upstreams: Upstreams, now: () => number): OnSaleReader {
  const rooms = remember<RoomReply | 'unknown'>(ROOM_FRESH_MS, ROOMS_MAX, now, (room, asker) =>
    readJson<RoomReply>(`${upstreams.admission}${ADMISSION_PREFIX}/rooms/${room}`, asker),
  );
  const halls = remember<Hall>(SHOW_FRESH_MS, SHOWS_MAX, now, async (show, asker) => {
    const address = `${bookingUpstream(upstreams.booking, `/shows/${show}`)}${BOOKING_PREFIX}/shows/${show}/layout`;
    const layout = await readJson<LayoutReply>(address, asker);
    return layout === null || layout === REFUSED ? layout : layout === 'unknown' ? null : hallOf(layout);
  });
  const showOf = async (show: string, asker: Asker): Promise<ShowFacts | null> => {
    const hall = await halls(show, asker);
    if (hall === null) return null;
    const { event, venue, startsAt, currency, seats, grades, salesOpen } = hall.layout;
    return { event, venue, startsAt, currency, seats, grades, salesOpen };
  };
  return { room: rooms, hall: halls, show: showOf };
}

/** The asker has had their share; whoever asks next may well be answered. */
const REFUSED = Symbol('refused');
type Read<Value> = Promise<Value | null | typeof REFUSED>;

function remember<Value>(
  freshMs: number, max: number, now: () => number, read: (key: string, asker: Asker) => Read<Value>,
): (key: string, asker: Asker) => Promise<Value | null> {
  const known = new Map<string, { readonly at: number; readonly value: Read<Value> }>();
  const ask = (key: string, asker: Asker): Read<Value> => {
    known.delete(key);
    if (known.size >= max) known.delete(known.keys().next().value as string);
    const value = read(key, asker);
    known.set(key, { at: now(), value });
    void value.then((found) => {
      if (known.get(key)?.value !== value) return;
      // A miss is remembered only for as long as a room is fresh, so that a late app shows up at once; a refusal is its asker's alone.
      if (found === REFUSED) known.delete(key);
      else if (found === null) known.set(key, { at: now() - Math.max(0, freshMs - ROOM_FRESH_MS), value });
    });
    return value;
  };
  return async (key, asker) => {
    const entry = known.get(key);
    if (entry === undefined || now() - entry.at >= freshMs) return orNull(await ask(key, asker));
    const shared = await entry.value;
    return orNull(shared === REFUSED ? await read(key, asker) : shared);
  };
}

const orNull = <Value>(value: Value | typeof REFUSED): Value | null => (value === REFUSED ? null : value);

async function readJson<Body>(url: string, asker: Asker): Read<Body | 'unknown'> {
  try {
    const reply = await fetch(url, { headers: asker, signal: AbortSignal.timeout(ANSWER_MS), redirect: 'error' });
    if (reply.status === 200) return (await reply.json()) as Body;
    await reply.body?.cancel();
    return reply.status === 429 ? REFUSED : reply.status === 404 ? 'unknown' : null;
  } catch {
    return null;
  }
}
