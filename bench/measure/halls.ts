import { randomBytes } from 'node:crypto';
import { openEntrySessions, publishShow } from '@onsale/booking';
import type { Pool } from '@onsale/database';
import { bindingOf, bindingText, parseHolderSecret, type Binding } from '@onsale/entry-token';
import { DAY_MS, HOUR_MS, MINUTE_MS, seededRandom, shuffled, valueOf, type OpaqueId, type Place, type RoomId, type ShowId } from '@onsale/kernel';
import { demoArena } from '../../scripts/demo/arena.ts';

/** A fan with an entry session: ids as the store has them, and the secret a program shows beside the session. */
export type Fan = { readonly person: OpaqueId; readonly session: OpaqueId; readonly place: Place; readonly clientKey: string };
export type Halls = { readonly shows: readonly ShowId[]; readonly fans: readonly Fan[]; readonly room: RoomId };

export const HALL_SEATS = 15_000;
export const SEATS_PER_HOLD = 2;
/** Fans who fill one hall, two seats each. */
export const FANS_PER_HALL = HALL_SEATS / SEATS_PER_HOLD;
const SESSION_MS = 2 * HOUR_MS;
const REDEEMED_AT_ONCE = 250;

/**
 * Publishes `count` halls of 15,000 free seats, each show of an event of its own, and lets 7,500 fans in, each for all of them:
 * so every hold of a run is made on fresh seats by a fan who holds nothing in that show yet.
 */
export async function openHalls(pool: Pool, name: string, count: number): Promise<Halls> {
  const now = Date.now();
  const shows = Array.from({ length: count }, (_, index) => `${name}-${index}` as ShowId);
  const layout = { ...demoArena() };
  for (const show of shows) {
    await publishShow(pool, {
      show, event: show, eventName: { ko: show, en: show }, venueName: { ko: 'bench', en: 'bench' },
      startsAt: new Date(now + 30 * DAY_MS), opensAt: new Date(now - MINUTE_MS), closesAt: new Date(now + DAY_MS), currency: 'KRW', layout, orphanRule: false,
    });
  }
  const room = name as RoomId;
  const fans = Array.from({ length: FANS_PER_HALL }, (_, index): Fan => ({
    person: newId(), session: newId(), place: (2 ** 32 + index + 1) as Place, clientKey: newId(),
  }));
  const sessions = openEntrySessions({ pool, poll: false });
  for (let from = 0; from < fans.length; from += REDEEMED_AT_ONCE) {
    const some = fans.slice(from, from + REDEEMED_AT_ONCE);
    const answers = await Promise.all(some.map((fan) => (
      sessions.redeem({
        sid: fan.session, room, place: fan.place, person: fan.person, binding: bindingText(bindingOfFan(fan)), shows, lastsMs: SESSION_MS,
      })
    )));
    for (const answer of answers) valueOf(answer);
  }
  await sessions.close();
  return { shows, fans, room };
}

/** Pairs of neighbouring seats in the order in which they are held: all over the hall, the same in every run. */
const PAIRS = shuffled(seededRandom('halls'), Array.from({ length: FANS_PER_HALL }, (_, pair) => pair));

/** The `index`th hold of a run: hall after hall; undefined when all are full. */
export function holdAt({ shows, fans }: Halls, index: number): { readonly show: ShowId; readonly fan: Fan; readonly seats: readonly number[] } | undefined {
  const show = shows[Math.floor(index / FANS_PER_HALL)];
  if (show === undefined) return undefined;
  const pair = PAIRS[index % FANS_PER_HALL] as number;
  return { show, fan: fans[index % FANS_PER_HALL] as Fan, seats: [pair * SEATS_PER_HOLD, pair * SEATS_PER_HOLD + 1] };
}

export const bindingOfFan = ({ clientKey }: Fan): Binding => bindingOf(valueOf(parseHolderSecret(clientKey)));
export const newId = (): OpaqueId => randomBytes(16).toString('base64url') as OpaqueId;
