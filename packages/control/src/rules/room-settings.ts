import {
  ENTRY_TOKEN_LIFE_MAX_MS, EPOCH_MAX, HOUR_MS, MINUTE_MS, ok, refuse, SECOND_MS, SHOWS_PER_ROOM_MAX, type Result, type RoomId, type ShowId,
} from '@onsale/kernel';

/**
 * What operators decide about a waiting room. The shape is the waiting room's own `RoomSettings`, which this package must not import;
 * `phase` has the words that an operator may set.
 *
 *   scheduled ──► open ⇄ paused
 *       │           └──┬───┘
 *       └──────────────┴──► closed (for ever)
 */
export type RoomPhase = 'scheduled' | 'open' | 'paused' | 'closed';
export type RoomSettings = {
  readonly room: RoomId;
  readonly name: { readonly ko: string; readonly en: string };
  readonly shows: readonly ShowId[];
  readonly phase: RoomPhase;
  /** Wall time at which a scheduled room opens by itself; null: when an operator says so. */
  readonly opensAtMs: number | null;
  /** Calls per minute; null: no limit. */
  readonly ratePerMinute: number | null;
  /** Slots that called, entered and redeemed places may occupy; null: no limit. */
  readonly capacity: number | null;
  readonly callMs: number;
  readonly maxMisses: number;
  readonly absentAfterMs: number;
  readonly entryTokenMs: number;
  readonly sessionMaxMs: number;
  readonly identity: 'device' | 'account';
  readonly rejoin: boolean;
  /** Rises by one with every change; an operator changes the version that they have seen. */
  readonly version: number;
  /** Generation of the room's data. Not an operator's to set. */
  readonly epoch: number;
};
export type RoomPatch = { readonly [Field in Exclude<keyof RoomSettings, 'room' | 'version' | 'epoch'>]?: RoomSettings[Field] | undefined };

export type BadSetting = { readonly kind: 'bad-setting'; readonly field: keyof RoomSettings; readonly least?: number; readonly most?: number };
export type PatchRefusal =
  | BadSetting
  | { readonly kind: 'phase-not-allowed'; readonly from: RoomPhase; readonly to: RoomPhase }
  /** Fans have joined under it already. */
  | { readonly kind: 'fixed-once-open'; readonly field: 'identity' | 'opensAtMs' };

const NEXT_PHASES: Readonly<Record<RoomPhase, readonly RoomPhase[]>> = {
  scheduled: ['open', 'closed'],
  open: ['paused', 'closed'],
  paused: ['open', 'closed'],
  closed: [],
};
type Bounds = { readonly least: number; readonly most: number };
/** Whole numbers, both ends allowed. */
export const BOUNDS = {
  /** Year 9999: what the column can hold. */
  opensAtMs: { least: 0, most: 253_402_300_799_999 },
  ratePerMinute: { least: 0, most: 600_000 },
  capacity: { least: 0, most: 1_000_000 },
  callMs: { least: SECOND_MS, most: 10 * MINUTE_MS },
  maxMisses: { least: 1, most: 10 },
  absentAfterMs: { least: SECOND_MS, most: HOUR_MS },
  entryTokenMs: { least: SECOND_MS, most: ENTRY_TOKEN_LIFE_MAX_MS },
  sessionMaxMs: { least: SECOND_MS, most: 6 * HOUR_MS },
  version: { least: 1, most: 2 ** 31 },
  epoch: { least: 1, most: EPOCH_MAX },
} as const satisfies Readonly<Record<string, Bounds>>;
const MAY_BE_NULL: ReadonlySet<string> = new Set(['opensAtMs', 'ratePerMinute', 'capacity']);
export const NAME_CHARS_MAX = 200;

/** The settings with which the design starts a room; the caller adds which room it is and what it sells. */
export const DEFAULT_SETTINGS = {
  phase: 'scheduled',
  opensAtMs: null,
  ratePerMinute: 600,
  capacity: 500,
  callMs: MINUTE_MS,
  maxMisses: 2,
  absentAfterMs: 2 * MINUTE_MS,
  entryTokenMs: 3 * MINUTE_MS,
  sessionMaxMs: 25 * MINUTE_MS,
  identity: 'device',
  rejoin: true,
  version: 1,
  epoch: 1,
} as const satisfies Partial<RoomSettings>;

const FIELDS = [
  'name', 'shows', 'phase', 'opensAtMs', 'ratePerMinute', 'capacity', 'callMs', 'maxMisses',
  'absentAfterMs', 'entryTokenMs', 'sessionMaxMs', 'identity', 'rejoin',
] as const satisfies readonly (keyof RoomPatch)[];

/** Every field against its bounds, then the relations between fields. Gives the first fault. */
export function checkSettings(settings: RoomSettings): Result<RoomSettings, BadSetting> {
  for (const [name, bounds] of Object.entries(BOUNDS)) {
    const field = name as keyof typeof BOUNDS;
    const value = settings[field];
    const sound = value === null ? MAY_BE_NULL.has(field) : Number.isInteger(value) && value >= bounds.least && value <= bounds.most;
    if (!sound) return refuse({ kind: 'bad-setting', field, ...bounds });
  }
  const named = (text: unknown): boolean => typeof text === 'string' && text.trim() !== '' && text.length <= NAME_CHARS_MAX;
  if (!named(settings.name.ko) || !named(settings.name.en)) return refuse({ kind: 'bad-setting', field: 'name', least: 1, most: NAME_CHARS_MAX });
  const { shows } = settings;
  const showsSound = shows.length >= 1 && shows.length <= SHOWS_PER_ROOM_MAX && new Set(shows).size === shows.length;
  if (!showsSound) return refuse({ kind: 'bad-setting', field: 'shows', least: 1, most: SHOWS_PER_ROOM_MAX });
  if (!Object.hasOwn(NEXT_PHASES, settings.phase)) return refuse({ kind: 'bad-setting', field: 'phase' });
  if (settings.identity !== 'device' && settings.identity !== 'account') return refuse({ kind: 'bad-setting', field: 'identity' });
  if (typeof settings.rejoin !== 'boolean') return refuse({ kind: 'bad-setting', field: 'rejoin' });
  // A token that outlives its session would open nothing.
  const { entryTokenMs, sessionMaxMs } = settings;
  if (entryTokenMs > sessionMaxMs) return refuse({ kind: 'bad-setting', field: 'entryTokenMs', least: BOUNDS.entryTokenMs.least, most: sessionMaxMs });
  return ok(settings);
}

/** The settings after `patch`, one version on; the same object when nothing changes. Refusals in this order: bounds, phase, what is fixed. */
export function changeSettings(settings: RoomSettings, patch: RoomPatch): Result<RoomSettings, PatchRefusal> {
  const changed = FIELDS.filter((field) => patch[field] !== undefined && !sameValue(patch[field], settings[field]));
  if (changed.length === 0) return ok(settings);
  const wanted = Object.fromEntries(changed.map((field) => [field, patch[field]])) as Partial<RoomSettings>;
  const next: RoomSettings = { ...settings, ...wanted, version: settings.version + 1 };
  const checked = checkSettings(next);
  if (!checked.ok) return checked;
  if (next.phase !== settings.phase && !NEXT_PHASES[settings.phase].includes(next.phase)) {
    return refuse({ kind: 'phase-not-allowed', from: settings.phase, to: next.phase });
  }
  if (settings.phase !== 'scheduled') {
    const fixed = (['identity', 'opensAtMs'] as const).find((field) => changed.includes(field));
    if (fixed !== undefined) return refuse({ kind: 'fixed-once-open', field: fixed });
  }
  return ok(next);
}

/** What differs, for the audit log: the old and the new value of each changed field. */
export function differenceOf(before: RoomSettings, after: RoomSettings): { readonly before: Record<string, unknown>; readonly after: Record<string, unknown> } {
  const fields = ([...FIELDS, 'version', 'epoch'] as const).filter((field) => !sameValue(before[field], after[field]));
  const valuesOf = (settings: RoomSettings): Record<string, unknown> => Object.fromEntries(fields.map((field) => [field, settings[field]]));
  return { before: valuesOf(before), after: valuesOf(after) };
}

function sameValue(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((item, index) => item === other[index]);
  if (typeof one === 'object' && one !== null && typeof other === 'object' && other !== null) {
    const [left, right] = [one as Record<string, unknown>, other as Record<string, unknown>];
    return Object.keys({ ...left, ...right }).every((key) => left[key] === right[key]);
  }
  return one === other;
}
