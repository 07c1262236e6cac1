import { createHash } from 'node:crypto';
import type { PlaceReply } from '@onsale/contract';

/**
 * The last answer about a place, for a fan who asks again before the waiting room answers again: by a digest of the fan's cookies, so that a dump
 * of this memory gives nobody a place. Bounded in number and age; the oldest goes first.
 */
export type PlaceMemory = {
  readonly keep: (fan: string, me: PlaceReply) => void;
  /** What was known, with its deadline moved by the time since; null when nothing young enough is. */
  readonly recall: (fan: string) => PlaceReply | null;
  readonly forget: (fan: string) => void;
};
const PLACES_MAX = 10_000;
const AGE_MS_MAX = 90_000;

export function rememberPlaces(now: () => number): PlaceMemory {
  const places = new Map<string, { readonly me: PlaceReply; readonly at: number }>();
  const digest = (fan: string): string => createHash('sha256').update(fan).digest('base64url');
  return {
    keep: (fan, me) => {
      const key = digest(fan);
      places.delete(key);
      if (places.size >= PLACES_MAX) places.delete(places.keys().next().value as string);
      places.set(key, { me, at: now() });
    },
    recall: (fan) => {
      const known = places.get(digest(fan));
      if (known === undefined || now() - known.at > AGE_MS_MAX) return null;
      const { remainingMs } = known.me;
      return { ...known.me, remainingMs: remainingMs === null ? null : Math.max(0, Math.round(remainingMs - (now() - known.at))) };
    },
    forget: (fan) => void places.delete(digest(fan)),
  };
}
