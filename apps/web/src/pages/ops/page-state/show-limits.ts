import { SHOW_LIMIT_BOUNDS, type ShowLimitsReply } from '@onsale/contract';

/** Limits of a show as typed. Pure. */
export type LimitField = keyof typeof SHOW_LIMIT_BOUNDS;
export type LimitsDraft = { readonly [field in LimitField]?: string | undefined };
/** What one of the shown is in the wire's unit: times are typed in seconds. */
export const SHOWN_UNIT: Readonly<Record<LimitField, number>> = { idleSessionMs: 1_000, attemptsPerSession: 1 };
export type LimitsPatch = { readonly [field in LimitField]?: number };

/** What the draft means against the limits as seen; null when a field is wrong, empty when nothing differs. */
export function patchOfLimits(draft: LimitsDraft, seen: Pick<ShowLimitsReply, LimitField>): LimitsPatch | null {
  const patch: Partial<Record<LimitField, number>> = {};
  for (const field of Object.keys(SHOW_LIMIT_BOUNDS) as LimitField[]) {
    const text = draft[field]?.trim();
    if (text === undefined) continue;
    const value = /^\d{1,7}$/.test(text) ? Number(text) * SHOWN_UNIT[field] : NaN;
    const { least, most } = SHOW_LIMIT_BOUNDS[field];
    if (!(value >= least && value <= most)) return null;
    if (value !== seen[field]) patch[field] = value;
  }
  return patch;
}
