import type { LayoutReply } from '@onsale/contract';
import type { Random } from '@onsale/kernel';
import type { Observations } from './observations.ts';
import type { Wire } from './wire.ts';

/** What every robot of a crowd shares. */
export type World = {
  readonly gate: Wire;
  readonly room: string;
  readonly shop: Shop;
  readonly random: Random;
  readonly observations: Observations;
  readonly nowMs: () => number;
  /** Aborts when the crowd's time is over: everybody goes home. */
  readonly signal: AbortSignal;
};

export type Shop = {
  readonly show: string;
  readonly sandbox: Wire;
  /** Fetched once for the whole crowd: it is public and cacheable. */
  readonly layout: LayoutReply;
};

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
export const codeOf = (answer: { status: number; body: unknown }): string =>
  `${answer.status} ${(answer.body as { code?: string } | null)?.code ?? ''}`.trim();

/** Waits, or returns at once when the crowd's time is over. */
export function pause(world: Pick<World, 'signal'>, ms: number): Promise<void> {
  if (world.signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      world.signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    world.signal.addEventListener('abort', done);
  });
}
