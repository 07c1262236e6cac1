import { ENTRY_TOKEN_LIFE_MAX_MS, ok, refuse, SHOWS_PER_ROOM_MAX, type Result, type RoomId, type ShowId } from '@onsale/kernel';
import { PHASES, type Phase } from './words.ts';

/** What an operator decides about a room. Times in milliseconds. The durable copy lives in MySQL (`control`). */
export type RoomSettings = {
  readonly room: RoomId;
  readonly name: { readonly ko: string; readonly en: string };
  readonly shows: readonly ShowId[];
  readonly phase: Phase;
  /** Wall time at which a `scheduled` room opens by itself; null: only an operator opens it. */
  readonly opensAtMs: number | null;
  /** Calls per minute; null: no limit and no pacing. */
  readonly ratePerMinute: number | null;
  /** Slots: called + entered + redeemed places; null: no limit. */
  readonly capacity: number | null;
  /** How long a called place may take to enter. */
  readonly callMs: number;
  /** The miss that ends a place: 2 means the second. */
  readonly maxMisses: number;
  /** Longest silence before a place is absent; detected between 3/4 of it and all of it. */
  readonly absentAfterMs: number;
  readonly entryTokenMs: number;
  readonly sessionMaxMs: number;
  readonly identity: 'device' | 'account';
  /** May an identity whose place finished, left or lapsed join anew at the end? (A revoked one never may.) */
  readonly rejoin: boolean;
  /** Rises with every change; `configure` ignores older ones. */
  readonly version: number;
  readonly epoch: number;
};

export const DEFAULT_TIMES = {
  callMs: 60_000,
  maxMisses: 2,
  absentAfterMs: 120_000,
  entryTokenMs: 180_000,
  sessionMaxMs: 1_500_000,
} as const;

export type BadSettings = { readonly kind: 'bad-settings'; readonly field: keyof RoomSettings };

const RATE_MAX = 1_000_000;
const CAPACITY_MAX = 1_000_000;
const SPAN_MS_MAX = 86_400_000;
const NAME_LENGTH_MAX = 200;
const VERSION_MAX = 2 ** 31;
const EPOCH_MAX = 2 ** 21 - 1;

const whole = (value: number, least: number, most: number): boolean => Number.isInteger(value) && value >= least && value <= most;

/** Bounds of every setting; the room's words and numbers can then be handed to the scripts as they are. */
export function checkSettings(settings: RoomSettings): Result<RoomSettings, BadSettings> {
  const sound: Record<keyof RoomSettings, boolean> = {
    room: settings.room.length > 0,
    name: settings.name.ko.length <= NAME_LENGTH_MAX && settings.name.en.length <= NAME_LENGTH_MAX,
    shows: settings.shows.length <= SHOWS_PER_ROOM_MAX,
    phase: PHASES.includes(settings.phase),
    opensAtMs: settings.opensAtMs === null || whole(settings.opensAtMs, 0, 8.64e15),
    ratePerMinute: settings.ratePerMinute === null || whole(settings.ratePerMinute, 0, RATE_MAX),
    capacity: settings.capacity === null || whole(settings.capacity, 0, CAPACITY_MAX),
    callMs: whole(settings.callMs, 100, SPAN_MS_MAX),
    maxMisses: whole(settings.maxMisses, 1, 100),
    absentAfterMs: whole(settings.absentAfterMs, 400, SPAN_MS_MAX),
    entryTokenMs: whole(settings.entryTokenMs, 100, ENTRY_TOKEN_LIFE_MAX_MS),
    sessionMaxMs: whole(settings.sessionMaxMs, 100, SPAN_MS_MAX),
    identity: settings.identity === 'device' || settings.identity === 'account',
    rejoin: typeof settings.rejoin === 'boolean',
    version: whole(settings.version, 1, VERSION_MAX),
    epoch: whole(settings.epoch, 1, EPOCH_MAX),
  };
  const field = (Object.keys(sound) as (keyof RoomSettings)[]).find((name) => !sound[name]);
  return field === undefined ? ok(settings) : refuse({ kind: 'bad-settings', field });
}
