/** What a person decides about a room; the rest of a record of the audit log is for programs. Pure. */
const TOLD = ['phase', 'ratePerMinute', 'capacity', 'callMs', 'opensAtMs', 'name', 'idleSessionMs', 'attemptsPerSession'] as const;
export type ToldField = (typeof TOLD)[number];
/** `isFirst`: there was nothing before. */
export type ToldChange = { readonly field: ToldField; readonly from: unknown; readonly to: unknown; readonly isFirst: boolean };
type Values = Readonly<Record<string, unknown>> | null;

/** Only what differs; a record may keep whole settings. */
export function toldChanges({ before, after }: { readonly before: Values; readonly after: Values }): readonly ToldChange[] {
  return TOLD.filter((field) => after !== null && field in after && JSON.stringify(before?.[field]) !== JSON.stringify(after[field])).map((field) => ({
    field, from: before?.[field], to: after?.[field], isFirst: before === null,
  }));
}

/** The latest page on top of what was read before, each record once, the latest first. A gap between them leaves the latest page alone. */
export function withLatest<Act extends { readonly id: number }>(known: readonly Act[], latest: readonly Act[]): readonly Act[] {
  const oldest = latest.at(-1)?.id ?? 0;
  return latest.some(({ id }) => id === known[0]?.id) ? [...latest, ...known.filter(({ id }) => id < oldest)] : latest;
}
