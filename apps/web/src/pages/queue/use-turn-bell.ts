import { useEffect, useState } from 'preact/hooks';
import type { Say } from '../shared/page-data.ts';

export type Bell = typeof import('./turn-bell.ts');

/** Calls the fan at their turn. The bell is no part of the first paint: it is loaded after it, and asked for again at the turn should it not have come. */
export function useTurnBell(called: boolean, say: Say, name: string, remainingMs: number): Bell | null {
  const [bell, setBell] = useState<Bell | null>(null);
  useEffect(() => {
    if (bell === null) void import('./turn-bell.ts').then(setBell, () => undefined);
  }, [called]);
  useEffect(() => bell?.ring.prepareOnFirstPress(), [bell]);
  useEffect(() => (called ? bell?.callFan(say, name, remainingMs) : undefined), [called, bell]);
  return bell;
}
