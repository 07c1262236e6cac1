import type { GaugesMessage, OpsRoomReply, RoomPatch } from '@onsale/contract';

/**
 * What an operator is about to set, as typed, and what it would do. Pure.
 *
 *   seen ──typed──► draft ──apply (If-Match: the version seen)──► in force
 *                     │                └─ 412 ─► conflict ──apply mine on top──► in force
 *                     └── discard ─────────────────────┴──drop mine──► seen
 */
export type Knob = 'ratePerMinute' | 'capacity';
export const KNOB_BOUNDS = { ratePerMinute: { least: 0, most: 600_000 }, capacity: { least: 0, most: 1_000_000 } } as const;
/** Text of the field; null: no limit. Undefined: not touched. */
export type Draft = { readonly [key in Knob]?: string | null };
export type RoomView = OpsRoomReply & { readonly inForce?: boolean; readonly saved?: boolean };

export type Parsed = { readonly ok: true; readonly value: number | null } | { readonly ok: false };

export function parseKnob(knob: Knob, text: string | null): Parsed {
  if (text === null) return { ok: true, value: null };
  const cleaned = text.trim().replaceAll(/[,\s]/g, '');
  if (!/^\d{1,7}$/.test(cleaned)) return { ok: false };
  const value = Number(cleaned);
  const { least, most } = KNOB_BOUNDS[knob];
  return value >= least && value <= most ? { ok: true, value } : { ok: false };
}

export type Difference = { readonly field: Knob | 'phase'; readonly from: string | number | null; readonly to: string | number | null };

/** The patch that the draft means against the room as seen; null when a field is wrong, empty when nothing differs. */
export function patchOf(draft: Draft, room: Pick<RoomView, Knob>): RoomPatch | null {
  const patch: { ratePerMinute?: number | null; capacity?: number | null } = {};
  for (const knob of ['ratePerMinute', 'capacity'] as const) {
    const text = draft[knob];
    if (text === undefined) continue;
    const parsed = parseKnob(knob, text);
    if (!parsed.ok) return null;
    if (parsed.value !== room[knob]) patch[knob] = parsed.value;
  }
  return patch;
}

/** What stands on this page and differs between two versions of a room. */
export function differences(before: RoomView, after: RoomView): readonly Difference[] {
  return (['ratePerMinute', 'capacity', 'phase'] as const)
    .filter((field) => before[field] !== after[field])
    .map((field) => ({ field, from: before[field], to: after[field] }));
}

export const wishes = (room: RoomView, patch: RoomPatch): readonly Difference[] =>
  (['ratePerMinute', 'capacity', 'phase'] as const).flatMap((field) => (patch[field] === undefined ? [] : [{ field, from: room[field], to: patch[field] }]));

export const slotsInUse = (gauges: Pick<GaugesMessage, 'called' | 'entered' | 'redeemed'>): number => gauges.called + gauges.entered + gauges.redeemed;

/** What a change does at once that its author may not expect. */
export type Hint =
  | { readonly kind: 'drain'; readonly seconds: number }
  | { readonly kind: 'over'; readonly inside: number; readonly over: number }
  | { readonly kind: 'zero' };

export function hintsOf(patch: RoomPatch, gauges: GaugesMessage | null): readonly Hint[] {
  const hints: Hint[] = [];
  if (patch.ratePerMinute === 0 || patch.capacity === 0) hints.push({ kind: 'zero' });
  else if (gauges !== null && patch.ratePerMinute != null && patch.ratePerMinute < gauges.callsLastMinute) {
    // The window drains evenly at best: the share that is too much takes that share of a minute to leave it.
    hints.push({ kind: 'drain', seconds: Math.ceil(60 * (1 - patch.ratePerMinute / gauges.callsLastMinute)) });
  }
  const inside = gauges === null ? 0 : slotsInUse(gauges);
  if (patch.capacity != null && patch.capacity !== 0 && inside >= patch.capacity) hints.push({ kind: 'over', inside, over: inside - patch.capacity + 1 });
  return hints;
}
