import { placeOf, type Place } from '@onsale/kernel';
import type { FinishWord } from '../finish.ts';
import type { JoinReply, JoinRequest } from '../join.ts';
import type { LeaveWord } from '../leave.ts';
import type { PlaceOutcome } from '../place-verb.ts';
import type { PlaceReply } from '../read-place.ts';
import type { ReceiptClaims } from '../receipt.ts';
import type { RestoreReply } from '../restore.ts';
import type { ReturnWord } from '../return.ts';
import type { RevokeWord } from '../revoke.ts';
import { LIMITS } from '../rules/limits.ts';
import { PHASE_WORDS, type PlaceCase } from '../rules/transitions.ts';
import type { EndKind, PlaceState } from '../rules/words.ts';
import { adoptedData, writeJournal, type ModelData, type ModelPlace, type ModelRoom } from './model-room.ts';
import { caseOf, decide, endPlace, hear, isEnd, isRefusal, recordOf, standInLine, viewOf } from './standing.ts';

/* What fans (and booking and operators, by ending) do with places. Words and replies are those of the verbs in ../ of the same name. */

export function join(room: ModelRoom, requests: readonly JoinRequest[]): JoinReply[] {
  const data = adoptedData(room);
  if (typeof data === 'string') return requests.map(() => ({ word: data }));
  return requests.map(({ identity }) => joinOne(data, identity.toString('hex')));
}

function joinOne(data: ModelData, identity: string): JoinReply {
  const held = data.who.get(identity);
  const verb = data.settings.rejoin ? 'join' : 'join (rejoin off)';
  const { word, after } = held === undefined ? decide(verb, 'unknown') : decide(verb, caseOf(data, held));
  const { incarnation } = data;
  if (word !== 'joined' && held !== undefined) {
    if (word === 'again') showLife(data, held, after);
    return { word: word as 'again', view: viewOf(data, held), incarnation };
  }
  const phaseWord = PHASE_WORDS['join (newcomer)'][data.phase];
  if (phaseWord !== 'joined') return { word: phaseWord };
  if (data.next >= LIMITS.NUMBER_MAX) return { word: 'full' };
  data.next += 1;
  data.totals.joined += 1;
  const place = placeOf(data.settings.epoch, data.next);
  standInLine(data, recordOf(data, place));
  data.who.set(identity, place);
  return { word: 'joined', view: viewOf(data, place), incarnation };
}

/** A sign of life counts for who is in line, or comes back to it by that sign. */
function showLife(data: ModelData, place: Place, after: PlaceState): void {
  if (after === 'waiting') hear(data, recordOf(data, place));
}

export function readPlace(room: ModelRoom, places: readonly Place[]): PlaceReply[] {
  return places.map((place) => {
    const data = adoptedData(room);
    if (typeof data === 'string') return { word: data };
    const from = caseOf(data, place);
    return isRefusal(from) ? { word: from } : { word: 'place', view: viewOf(data, place) };
  });
}

export function keepPlace(room: ModelRoom, places: readonly Place[]): PlaceReply[] {
  return places.map((place) => {
    const data = adoptedData(room);
    if (typeof data === 'string') return { word: data };
    const from = caseOf(data, place);
    if (isRefusal(from)) return { word: from };
    showLife(data, place, decide('keep-place', from).after);
    return { word: 'place', view: viewOf(data, place) };
  });
}

export function returnPlace(room: ModelRoom, place: Place): PlaceOutcome<ReturnWord> {
  const data = adoptedData(room);
  if (typeof data === 'string') return { word: data, view: null };
  const from = caseOf(data, place);
  const { word, after } = decide('return', from);
  if (isRefusal(from)) return { word: from, view: null };
  if (word === 'returned' && PHASE_WORDS['return (missed)'][data.phase] === 'closed') return { word: 'closed', view: null };
  showLife(data, place, after);
  return { word: word as ReturnWord, view: viewOf(data, place) };
}

export const finish = (room: ModelRoom, place: Place): PlaceOutcome<FinishWord> => endBy(room, 'finish', place);
export const leave = (room: ModelRoom, place: Place): PlaceOutcome<LeaveWord> => endBy(room, 'leave', place);
export const revoke = (room: ModelRoom, place: Place): PlaceOutcome<RevokeWord> => endBy(room, 'revoke', place);

function endBy<Word extends string>(room: ModelRoom, verb: 'finish' | 'leave' | 'revoke', place: Place): PlaceOutcome<Word> {
  const data = adoptedData(room);
  if (typeof data === 'string') return { word: data as Word, view: null };
  const from: PlaceCase = caseOf(data, place);
  const { word, after } = decide(verb, from);
  if (from === 'unknown' || from === 'epoch') return { word: from as Word, view: null };
  if (word !== 'again') endPlace(data, place, after as EndKind, verb);
  return { word: word as Word, view: viewOf(data, place) };
}

export function restore(room: ModelRoom, receipt: Pick<ReceiptClaims, 'place' | 'order' | 'identity'>): RestoreReply {
  const data = adoptedData(room);
  if (typeof data === 'string') return { word: data };
  const { place, order } = receipt;
  const from = caseOf(data, place);
  const { word, after } = decide('restore', from);
  if (from === 'unknown' || from === 'epoch') return { word: from };
  if (word !== 'restored') {
    if (word === 'again') showLife(data, place, after);
    return { word: word as 'again', view: viewOf(data, place) };
  }
  if (PHASE_WORDS['restore (lost)'][data.phase] === 'closed') return { word: 'closed' };
  const identity = receipt.identity.toString('hex');
  const held = data.who.get(identity);
  if (held !== undefined && held !== place && !isRefusal(caseOf(data, held)) && !isEnd(caseOf(data, held))) {
    // One identity, one living place: the older order wins, as long as the other has not been called.
    const other = data.places.get(held) as ModelPlace;
    if (other.slot !== null || other.order < order) return { word: 'other', view: viewOf(data, held) };
    endPlace(data, held, 'left', 'restore');
  }
  data.who.set(identity, place);
  const found: ModelPlace = { ...recordOf(data, place), order };
  data.places.set(place, found);
  hear(data, found);
  writeJournal(data, { kind: 'restore', place, order });
  return { word: 'restored', view: viewOf(data, place) };
}
