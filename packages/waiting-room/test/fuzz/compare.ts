import { isDeepStrictEqual } from 'node:util';
import type { Place, RoomId } from '@onsale/kernel';
import { BATCH_MAX, checkJournal, LIMITS, readJournal, type CalledCursor, type Frame, type JournalEntry, type RoomConnection } from '../../src/index.ts';
import { keyOf } from '../../src/keys.ts';
import type { ModelData, ModelRoom } from '../../src/model/index.ts';
import type { Side } from './sides.ts';

/** Where scripts and model part. */
export type Difference = { readonly what: string; readonly redis: unknown; readonly model: unknown };

export const differ = (what: string, redis: unknown, model: unknown): Difference | null =>
  (isDeepStrictEqual(redis, model) ? null : { what, redis, model });

type Compared = {
  readonly connection: RoomConnection;
  readonly room: RoomId;
  readonly model: ModelRoom;
  readonly redisSide: Side;
  readonly modelSide: Side;
};

/** Everything there is to read of the room and of the given places; `cursor`: of the readers of calls. */
export async function compareAll(both: Compared, places: readonly Place[], cursor: CalledCursor | null): Promise<Difference | null> {
  const { redisSide, modelSide } = both;
  const chunks = Array.from({ length: Math.ceil(places.length / BATCH_MAX) }, (_, index) => places.slice(index * BATCH_MAX, (index + 1) * BATCH_MAX));
  const [gauges, frame, since, calledNow, hidden, ...views] = await Promise.all([
    redisSide.readGauges(), redisSide.readFrame(), redisSide.readCalled(cursor), redisSide.readCalled(null), hiddenIn(both),
    ...chunks.map((chunk) => redisSide.readPlace(chunk)),
  ]);
  const modelFrame = modelSide.readFrame() as Frame | null;
  const found = differ('readGauges', gauges, modelSide.readGauges()) ?? differ('readCalled since the last step', since, modelSide.readCalled(cursor)) ??
    differ('readCalled from nothing', calledNow, modelSide.readCalled(null)) ?? differ('what is kept inside', hidden, hiddenOf(both.model)) ??
    differ('readFrame without marks', { ...frame, marks: [] }, { ...modelFrame, marks: [] }) ?? judgeMarks(frame, modelFrame);
  if (found !== null) return found;
  const modelViews = modelSide.readPlace(places) as unknown[];
  const differing = views.flat().findIndex((view, index) => !isDeepStrictEqual(view, modelViews[index]));
  return differing < 0 ? null : { what: `readPlace of ${places[differing]}`, redis: views.flat()[differing], model: modelViews[differing] };
}

/** The model marks everybody in line; a frame marks each of the first, the last one, and at most 64. */
function judgeMarks(frame: Frame | null, model: Frame | null): Difference | null {
  const marks = frame?.marks ?? [];
  const all = model?.marks ?? [];
  const expected = all.filter(({ order, ahead }, index) =>
    index < LIMITS.MARKS_EXACT || index === all.length - 1 || marks.some((mark) => mark.order === order && mark.ahead === ahead));
  return differ('marks of the frame', marks, expected) ?? differ('number of marks within bounds', marks.length <= LIMITS.MARKS_MAX, true);
}

const HIDDEN_FIELDS = [
  'wall', 'credit', 'next', 'calls', 'through', 'period', 'periodAt', 'sweptPeriod', 'returning', 'coming', 'draining', 'sweepOffUntil', 'callsOffUntil',
  'paceAt', 'paceCalls', 'paceDry',
] as const;

/** What no verb shows but later verbs depend on, and what would pile up if a script forgot to clean. */
async function hiddenIn({ connection: { redis }, room }: Compared): Promise<Record<string, number>> {
  const [fields, present, entries, missed, who, heard] = await Promise.all([
    redis.hmget(keyOf(room, 'room'), ...HIDDEN_FIELDS), redis.bitcount(keyOf(room, 'present')), redis.hlen(keyOf(room, 'entries')),
    redis.hlen(keyOf(room, 'missed')), redis.hlen(keyOf(room, 'who')), redis.bitcount(keyOf(room, 'heard')),
  ]);
  return { ...Object.fromEntries(HIDDEN_FIELDS.map((name, index) => [name, Number(fields[index])])), present, entries, missed, who, heard };
}

function hiddenOf({ data }: ModelRoom): Record<string, number> {
  const { wall, credit, next, calls, through, sweepOffUntil, callsOffUntil, presence, pace, places, who } = data as ModelData;
  const { period, periodAt, sweptPeriod, returning, coming, draining } = presence;
  const all = [...places.values()];
  return {
    wall, credit, next, calls, through, period, periodAt, sweptPeriod, returning, coming, draining: Number(draining), sweepOffUntil, callsOffUntil,
    paceAt: pace.at, paceCalls: pace.calls, paceDry: Number(pace.dry),
    present: all.filter(({ state }) => state === 'waiting').length, entries: all.filter(({ slot }) => slot !== null).length,
    missed: all.filter(({ misses }) => misses > 0).length, who: who.size, heard: all.filter(({ isHeard }) => isHeard).length,
  };
}

/** The journals are equal; and, if `isSound`, show no rule broken. */
export async function compareJournals({ connection, room, model }: Compared, isSound: boolean): Promise<Difference | null> {
  const entries: JournalEntry[] = [];
  for (;;) {
    const page = await readJournal(connection, room, entries.at(-1)?.id ?? '0');
    entries.push(...page);
    if (page.length === 0) break;
  }
  const modelEntries = (model.data as ModelData).journal;
  const indexes = Array.from({ length: Math.max(entries.length, modelEntries.length) }, (_, index) => index);
  const differing = indexes.find((index) => !isDeepStrictEqual(bare(entries[index]), bare(modelEntries[index])));
  if (differing !== undefined) return { what: `entry ${differing} of the journal`, redis: entries[differing], model: modelEntries[differing] };
  return isSound ? differ('rules that the journal shows broken', checkJournal(entries, true), []) : null;
}

/** An entry without what only the stream gives it. */
function bare(entry: JournalEntry | undefined): object | null {
  if (entry === undefined) return null;
  const { id: _, ...rest } = entry;
  return entry.kind === 'open' ? { kind: entry.kind, clock: entry.clock } : rest;
}
