import type { Place } from '@onsale/kernel';
import type { EnterReply, EnterRequest } from '../enter.ts';
import type { LiveSession, ReconcileReply, SessionsFound } from '../reconcile.ts';
import type { RedeemReply, RedeemRequest } from '../redeem.ts';
import { LIMITS } from '../rules/limits.ts';
import { PHASE_WORDS } from '../rules/transitions.ts';
import type { EndKind } from '../rules/words.ts';
import { adoptedData, NO_SLOT, writeJournal, type ModelData, type ModelPlace, type ModelRoom } from './model-room.ts';
import { caseOf, decide, isRefusal, markEnded, recordOf, slotsInUse, viewOf } from './standing.ts';

/* From the call into booking and out of it. `nowMs`: Redis' TIME. */

export function enter(room: ModelRoom, request: EnterRequest & { readonly nowMs: number }): EnterReply {
  const data = adoptedData(room);
  if (typeof data === 'string') return { word: data };
  const { place, kid, nowMs } = request;
  const binding = request.binding.toString('hex');
  const from = caseOf(data, place);
  if (isRefusal(from)) return { word: from };
  const found = recordOf(data, place);
  const isBound = found.slot === null || found.slot.binding === binding;
  const { word } = decide(isBound || from === 'called' ? 'enter' : 'enter (other binding)', from);
  if (word !== 'entered' && word !== 'again') return { word: word as 'ended', view: viewOf(data, place) };
  const slot = found.slot ?? { ...NO_SLOT };
  if (word === 'entered') {
    if (PHASE_WORDS['enter (called)'][data.phase] === 'closed') return { word: 'closed' };
    found.state = 'entered';
    found.deadline = data.clock + data.settings.entryTokenMs;
    slot.binding = binding;
    data.totals.entered += 1;
    writeJournal(data, { kind: 'enter', place, callNo: slot.callNo });
  }
  if (word === 'entered' || nowMs >= slot.expiresAtMs || nowMs < slot.issuedAtMs) {
    slot.kid = kid;
    slot.issuedAtMs = nowMs;
    slot.expiresAtMs = nowMs + Math.min(data.settings.entryTokenMs, found.deadline - data.clock);
    if (found.state === 'redeemed') slot.opensUntil = data.clock + Math.min(data.settings.entryTokenMs, found.deadline - data.clock);
  }
  const { callNo, issuedAtMs, expiresAtMs } = slot;
  const grant = {
    place, epoch: data.settings.epoch, callNo, kid: slot.kid, binding: request.binding, issuedAtMs, expiresAtMs, redeemed: found.state === 'redeemed',
  };
  return { word, view: viewOf(data, place), grant };
}

export function redeem(room: ModelRoom, request: RedeemRequest): RedeemReply {
  const data = adoptedData(room);
  if (typeof data === 'string') return { word: data };
  const { place, callNo } = request;
  if (request.epoch !== data.settings.epoch) return { word: 'epoch' };
  const binding = request.binding.toString('hex');
  const from = caseOf(data, place);
  const { word } = decide(data.places.get(place)?.slot?.binding === binding ? 'redeem' : 'redeem (other binding)', from);
  if (word === 'lapsed' || word === 'ended') return { word, end: from as EndKind };
  if (word === 'again') return { word, remainingMs: recordOf(data, place).deadline - data.clock };
  if (word !== 'redeemed') return { word: word as 'used' };
  // Who did not enter here holds a valid token all the same: Redis forgot the enter.
  const forgotten = from !== 'entered';
  const found = recordOf(data, place);
  const opensUntil = forgotten ? data.clock + data.settings.entryTokenMs : found.deadline;
  const slot = forgotten ? { ...NO_SLOT, callNo, binding, opensUntil } : { ...NO_SLOT, ...found.slot, opensUntil };
  takeIntoBooking(data, found, data.settings.sessionMaxMs, slot);
  data.totals.redeemed += 1;
  writeJournal(data, { kind: 'redeem', place, callNo, slotsAfter: slotsInUse(data), forgotten });
  return { word: 'redeemed', remainingMs: data.settings.sessionMaxMs };
}

function takeIntoBooking(data: ModelData, found: ModelPlace, leaseMs: number, slot: NonNullable<ModelPlace['slot']>): void {
  Object.assign(found, { state: 'redeemed', misses: 0, deadline: data.clock + leaseMs, slot: { ...slot, redeemedAt: data.clock } });
}

type Found = Record<'finished' | 'lapsed' | 'adopted' | 'toEnd' | 'unknown', Place[]>;

export function reconcile(room: ModelRoom, given: SessionsFound): ReconcileReply {
  const data = adoptedData(room);
  if (typeof data === 'string') return { word: data };
  const found: Found = { finished: [], lapsed: [], adopted: [], toEnd: [], unknown: [] };
  const steps: (() => void)[] = [
    ...given.over.map((place) => () => endWithout(data, place, 'finished', found)),
    ...given.unopened.map((place) => () => {
      const opensUntil = data.places.get(place)?.slot?.opensUntil ?? 0;
      // A session may still be on its way into the list.
      if (opensUntil < given.sinceClock - LIMITS.RECONCILE_GRACE_MS) endWithout(data, place, 'lapsed', found);
    }),
    ...given.live.map((session) => () => reconcileLive(data, session, found)),
  ];
  for (let start = 0; start < steps.length; start += LIMITS.BATCH_MAX) {
    const before = { finished: found.finished.length, lapsed: found.lapsed.length };
    for (const step of steps.slice(start, start + LIMITS.BATCH_MAX)) step();
    for (const end of ['finished', 'lapsed'] as const) {
      const places = found[end].slice(before[end]);
      if (places.length > 0) writeJournal(data, { kind: 'end', end, by: 'reconcile', places });
    }
  }
  return { word: 'reconciled', ...found };
}

function endWithout(data: ModelData, place: Place, end: 'finished' | 'lapsed', found: Found): void {
  const { word } = decide(end === 'finished' ? 'reconcile (session over)' : 'reconcile (no session, token over)', caseOf(data, place));
  if (word !== end) return;
  markEnded(data, place, end);
  found[end].push(place);
}

function reconcileLive(data: ModelData, session: LiveSession, found: Found): void {
  const { place, callNo } = session;
  const { word } = decide('reconcile (session lives)', caseOf(data, place));
  if (word === 'none') return;
  found[word as keyof Found].push(place);
  if (word !== 'adopted') return;
  takeIntoBooking(data, recordOf(data, place), Math.max(0, Math.floor(session.remainingMs)), { ...NO_SLOT, callNo, binding: session.binding.toString('hex') });
  writeJournal(data, { kind: 'adopt', place, callNo, slotsAfter: slotsInUse(data) });
}
