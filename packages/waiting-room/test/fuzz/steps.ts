import { createHash } from 'node:crypto';
import type { RoomSettings } from '../../src/index.ts';

/*
 * What a fuzz plays: plain JSON, each step meaningful whatever went before, so that steps can be dropped (shrink.ts) and a
 * printed trace can be played again. Fans are numbers; a step names a fan's place by its age: 0 the newest it was given, 1 the one
 * before. A fan without one stands for a number never issued, OTHER_EPOCH for a place of another epoch.
 */
export type Who = { readonly fan: number; readonly age: number };
/** `key`: which of a fan's two secrets; only the first is the right one after entering with it. */
export type Step =
  | { readonly verb: 'join' | 'keep'; readonly fans: readonly number[] }
  /** `wallMs`: how far TIME moves (back if negative). `isFirst`: the caller has forgotten its last tick. */
  | { readonly verb: 'tick'; readonly caller: number; readonly elapsedMs: number; readonly wallMs: number; readonly isFirst: boolean }
  | (Who & { readonly verb: 'return' | 'finish' | 'leave' | 'revoke' | 'restore' })
  | (Who & { readonly verb: 'enter'; readonly key: number; readonly kid: string })
  | (Who & { readonly verb: 'redeem'; readonly key: number; readonly callNoOff: number; readonly epochOff: number })
  | { readonly verb: 'sweep' }
  | {
    readonly verb: 'reconcile'; readonly sinceMs: number; readonly over: readonly boolean[];
    readonly live: readonly (Who & { readonly key: number; readonly remainingMs: number })[];
  }
  | { readonly verb: 'configure'; readonly versionOff: number; readonly epochOff: number; readonly changes: Partial<RoomSettings> }
  /** Keeps a copy of everything; `lose` puts it back in another Redis process: a lost tail. `restart`: another process, nothing lost. */
  | { readonly verb: 'copy' | 'lose' | 'restart' }
  | { readonly verb: 'readopt'; readonly isExpected: boolean }
  /** A room that was retired is put back as it was: whatever comes after still has a room. */
  | { readonly verb: 'retire'; readonly epochOff: number };

/**
 * `isForging`: tokens that no key of ours ever signed are redeemed too; the journal then rightly shows W6 broken and is not judged.
 * `isForgetful`: a negative control; nothing outside Redis remembers the incarnation.
 */
export type Trace = {
  readonly settings: Partial<RoomSettings>; readonly isForging: boolean; readonly isForgetful?: boolean; readonly steps: readonly Step[];
};

export const OTHER_EPOCH = -1;
export const identityOf = (fan: number): Buffer => createHash('sha256').update(`identity ${fan}`).digest().subarray(0, 16);
export const bindingOf = (fan: number, key: number): Buffer => createHash('sha256').update(`binding ${fan} ${key}`).digest();

/** TIME at which every trace begins. */
export const BEGAN_MS = 1_700_000_000_000;
