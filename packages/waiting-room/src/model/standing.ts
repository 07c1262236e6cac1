import { epochOf, numberOf, type Place } from '@onsale/kernel';
import type { PlaceView } from '../place-view.ts';
import { TRANSITIONS, type PlaceCase, type VerbCase } from '../rules/transitions.ts';
import { END_KINDS, type EndKind, type PlaceState } from '../rules/words.ts';
import { writeJournal, type ModelData, type ModelPlace } from './model-room.ts';

/** How the room sees a place: minutes and leases that are over count as ended, also before the sweep. */
export function caseOf(data: ModelData, place: Place): PlaceCase {
  const found = data.places.get(place);
  if (found !== undefined) {
    const isOver = found.deadline <= data.clock;
    if (found.state === 'entered' && isOver) return 'lapsed';
    if (found.state === 'redeemed' && isOver) return 'finished';
    return found.state;
  }
  if (epochOf(place) !== data.settings.epoch) return 'epoch';
  const number = numberOf(place);
  return number < 1 || number > data.next ? 'unknown' : 'lost';
}

export type Refusal = Extract<PlaceCase, 'lost' | 'unknown' | 'epoch'>;
export const isRefusal = (from: PlaceCase): from is Refusal => from === 'lost' || from === 'unknown' || from === 'epoch';
export const isEnd = (from: PlaceCase): from is EndKind => (END_KINDS as readonly PlaceCase[]).includes(from);

/** What the table says of a verb on a place in this case. */
export function decide(verb: VerbCase, from: PlaceCase): { readonly word: string; readonly after: PlaceState } {
  const [word, after] = TRANSITIONS[verb][from].split(' ') as [string, PlaceState];
  return { word, after };
}

/** Everybody in the given state. */
export const inState = (data: ModelData, ...states: readonly PlaceState[]): ModelPlace[] =>
  [...data.places.values()].filter(({ state }) => states.includes(state));

const byText = (one: ModelPlace, other: ModelPlace): number => (String(one.place) < String(other.place) ? -1 : 1);
/** As sorted sets do: by number, then by the place as text. */
export const byOrder = (one: ModelPlace, other: ModelPlace): number => one.order - other.order || byText(one, other);
export const byDeadline = (one: ModelPlace, other: ModelPlace): number => one.deadline - other.deadline || byText(one, other);

/** Present fans, the next to be called first. */
export const lineOf = (data: ModelData): ModelPlace[] => inState(data, 'waiting').sort(byOrder);
export const slotsInUse = (data: ModelData): number => inState(data, 'called', 'entered', 'redeemed').length;

/** The record of a place; a lost one gets a new record at its own number. */
export function recordOf(data: ModelData, place: Place): ModelPlace {
  const found = data.places.get(place) ??
    { place, order: place, state: 'absent', deadline: 0, misses: 0, signPeriod: -Infinity, isHeard: false, slot: null } satisfies ModelPlace;
  data.places.set(place, found);
  return found;
}

export function standInLine(data: ModelData, found: ModelPlace): void {
  found.state = 'waiting';
  found.signPeriod = data.presence.period;
}

/** A sign of life of a place that stands in line, or does so again. */
export function hear(data: ModelData, found: ModelPlace): void {
  standInLine(data, found);
  found.isHeard = true;
}

export function endPlace(data: ModelData, place: Place, end: EndKind, by: string): void {
  markEnded(data, place, end);
  writeJournal(data, { kind: 'end', end, by, places: [place] });
}
export function markEnded(data: ModelData, place: Place, end: EndKind): void {
  Object.assign(recordOf(data, place), { state: end, misses: 0, slot: null, deadline: 0 });
  data.totals[end] += 1;
}

/** What the room says of a place it knows. */
export function viewOf(data: ModelData, place: Place): PlaceView {
  const state = caseOf(data, place);
  const found = data.places.get(place) as ModelPlace;
  const none = { ahead: null, missed: found.misses, remainingMs: null, callNo: null };
  if (isEnd(state)) return { place, state, order: place, ...none, missed: 0 };
  const known = { place, state: state as PlaceState, order: found.order, ...none };
  if (state === 'waiting') return { ...known, ahead: inState(data, 'waiting').filter((other) => byOrder(other, found) < 0).length };
  if (state === 'absent' || state === 'missed') return { ...known, ahead: inState(data, 'waiting').filter(({ order }) => order < found.order).length };
  return { ...known, remainingMs: Math.max(0, found.deadline - data.clock), callNo: found.slot?.callNo ?? 0 };
}
