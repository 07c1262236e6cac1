import type { WallClock } from '@onsale/kernel';

/** The sandbox's idea of now: the machine's clock plus what a test has added. It never goes back, as Toss' own does not. */
export type SandboxClock = {
  readonly now: WallClock;
  /** Moves on by `ms`, at most 400 days at once. */
  readonly advance: (ms: number) => void;
};

export const ADVANCE_MAX_MS = 400 * 24 * 3_600_000;

export function createClock(wall: WallClock): SandboxClock {
  let ahead = 0;
  return {
    now: () => wall() + ahead,
    advance: (ms) => {
      if (!Number.isSafeInteger(ms) || ms < 0 || ms > ADVANCE_MAX_MS) throw new RangeError(`cannot advance by ${ms} ms`);
      ahead += ms;
    },
  };
}

const SEOUL_OFFSET_MS = 9 * 3_600_000;

/** `2024-02-13T12:18:14+09:00`, the form Toss writes: whole seconds, Korean time. */
export const seoulTime = (ms: number): string => `${new Date(ms + SEOUL_OFFSET_MS).toISOString().slice(0, 19)}+09:00`;
/** `2024-02-13T12:18:14.123000`: webhooks carry microseconds and no zone. */
export const seoulMicroseconds = (ms: number): string => `${new Date(ms + SEOUL_OFFSET_MS).toISOString().slice(0, 23)}000`;

/** A query's `yyyy-MM-ddTHH:mm:ss`, Korean time, in ms; NaN when it is something else. */
export function parseSeoulTime(text: string): number {
  const shape = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,6})?)?$/;
  if (!shape.test(text)) return Number.NaN;
  return Date.parse(`${text.length === 10 ? `${text}T00:00:00` : text.slice(0, 19)}Z`) - SEOUL_OFFSET_MS;
}
