import type { Place } from '@onsale/kernel';
import { LIMITS } from '../rules/limits.ts';
import type { EndKind } from '../rules/words.ts';
import type { SweepReply } from '../sweep.ts';
import { adoptedData, writeJournal, type ModelData, type ModelPlace, type ModelRoom } from './model-room.ts';
import { byDeadline, decide, inState, lineOf, markEnded } from './standing.ts';

const DEADLINES_OVER = 'sweep (all deadlines over)';

/** Collects what is over, then moves the silent out of the line, unless most fell silent at once. */
export function sweep(room: ModelRoom): SweepReply {
  const data = adoptedData(room);
  if (typeof data === 'string') return { word: data };
  if (data.sweepOffUntil > data.clock) return { word: 'off' };
  let more = false;
  const overdue = (state: 'called' | 'entered' | 'redeemed'): ModelPlace[] => {
    const all = inState(data, state).filter(({ deadline }) => deadline <= data.clock).sort(byDeadline);
    more ||= all.length >= LIMITS.BATCH_MAX;
    return all.slice(0, LIMITS.BATCH_MAX);
  };
  const missed: Place[] = [];
  const ended = { lapsed: [] as Place[], finished: [] as Place[] };
  for (const found of overdue('called')) {
    data.totals.missed += 1;
    found.misses += 1;
    if (found.misses >= data.settings.maxMisses) {
      markEnded(data, found.place, 'lapsed');
      ended.lapsed.push(found.place);
    } else {
      Object.assign(found, { state: decide(DEADLINES_OVER, 'called').after, slot: null });
      missed.push(found.place);
    }
  }
  for (const found of [...overdue('entered'), ...overdue('redeemed')]) {
    const end = decide(DEADLINES_OVER, found.state).after as EndKind & keyof typeof ended;
    markEnded(data, found.place, end);
    ended[end].push(found.place);
  }
  if (missed.length > 0) writeJournal(data, { kind: 'miss', places: missed });
  for (const end of ['lapsed', 'finished'] as const) {
    if (ended[end].length > 0) writeJournal(data, { kind: 'end', end, by: 'sweep', places: ended[end] });
  }
  const silence = moveSilent(data);
  return { word: silence.word, missed, ...ended, absent: silence.moved, more: more || silence.more };
}

const isSilent = (data: ModelData, { signPeriod }: ModelPlace): boolean => data.presence.period - signPeriod >= LIMITS.PERIODS;
const isFresh = (data: ModelData, { signPeriod }: ModelPlace): boolean => data.presence.period - signPeriod <= 1;
const byNumber = (one: ModelPlace, other: ModelPlace): number => one.place - other.place;

function moveSilent(data: ModelData): { word: 'swept' | 'returning'; moved: number; more: boolean } {
  const { presence } = data;
  if (presence.period !== presence.sweptPeriod || presence.returning > 0) {
    presence.sweptPeriod = presence.period;
    if (isReturning(data)) {
      presence.silent = [];
      return { word: 'returning', moved: 0, more: false };
    }
    presence.silent = lineOf(data).filter((found) => isSilent(data, found)).sort(byNumber).map(({ place }) => place);
  }
  const looked = presence.silent.splice(0, LIMITS.BATCH_MAX).map((place) => data.places.get(place) as ModelPlace);
  const moved = looked.filter((found) => found.state === 'waiting' && isSilent(data, found));
  for (const found of moved) found.state = decide(DEADLINES_OVER, 'waiting').after;
  // A full batch does not know yet that it was the last.
  const more = looked.length === LIMITS.BATCH_MAX;
  if (!more) presence.draining = false;
  return { word: 'swept', moved: moved.length, more };
}

/** Is the crowd being waited for? Our own outage silences everybody at once and must not reorder the line. */
function isReturning(data: ModelData): boolean {
  const { presence, clock } = data;
  const crowd = lineOf(data).filter(({ isHeard }) => isHeard);
  const silent = crowd.filter((found) => isSilent(data, found)).length;
  const isComing = crowd.filter((found) => isFresh(data, found)).length >= crowd.length * LIMITS.COMING_SHARE;
  if (presence.returning === 0) {
    if (presence.draining || silent < LIMITS.SILENT_LEAST || silent <= crowd.length * LIMITS.SILENT_SHARE) return false;
    presence.returning = clock;
    presence.coming = isComing ? clock : 0;
    return true;
  }
  if (presence.coming === 0 && isComing) presence.coming = clock;
  const isBack = crowd.length - silent >= crowd.length * LIMITS.BACK_SHARE;
  const isLong = presence.coming > 0 && clock - presence.coming >= LIMITS.RETURNING_MS;
  if (!isBack && !isLong && clock - presence.returning < LIMITS.RETURNING_MS_MAX) return true;
  Object.assign(presence, { returning: 0, coming: 0, draining: true });
  return false;
}
