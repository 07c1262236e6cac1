import { pick, type Random } from '@onsale/kernel';

/**
 * What kinds of people stand in a crowd. Shares are per thousand; the rest are plain buyers.
 *   buyer      waits, enters, picks, pays
 *   forgetful  joins and never answers a call (a forgotten tab)
 *   leaver     leaves the line before being called
 *   wanderer   loses the connection for a while and comes back with the receipt
 *   doubler    joins a second time with the same key: must get the same place
 *   replayer   after entering, tries the token and the session from another client: both must be refused
 *   unlucky    the card is refused once, then accepted
 *   browser    enters, looks, holds seats, gives them back and goes
 */
export const KINDS_PER_THOUSAND = { forgetful: 30, leaver: 20, wanderer: 40, doubler: 20, replayer: 20, unlucky: 40, browser: 50 } as const;
export type Kind = keyof typeof KINDS_PER_THOUSAND | 'buyer';

export type Character = {
  readonly kind: Kind;
  readonly channel: 'socket' | 'poll';
  readonly quantity: number;
  /** Picks seats on the map (and fights for the popular ones), or takes best available. */
  readonly picks: 'map' | 'best-available';
  readonly thinkMs: number;
  /** How long a wanderer is away, and when a leaver leaves. */
  readonly awayMs: number;
};
export type Casting = {
  readonly pollShare: number;
  readonly thinkMsMax: number;
  readonly awayMsMax?: number;
};
const AWAY_MS_MAX = 25_000;

export function castCharacter(random: Random, { pollShare, thinkMsMax, awayMsMax = AWAY_MS_MAX }: Casting): Character {
  let draw = random() * 1_000;
  let kind: Kind = 'buyer';
  for (const [name, share] of Object.entries(KINDS_PER_THOUSAND)) {
    if (draw < share) {
      kind = name as Kind;
      break;
    }
    draw -= share;
  }
  return {
    kind,
    channel: random() < pollShare ? 'poll' : 'socket',
    quantity: pick(random, [1, 2, 2, 2, 3, 4]),
    picks: random() < 0.4 ? 'map' : 'best-available',
    thinkMs: Math.round(random() * thinkMsMax),
    awayMs: Math.round(random() * awayMsMax),
  };
}
