import { valueOf } from '@onsale/kernel';
import type { ConfigureWord } from '../configure.ts';
import type { ReadoptReply } from '../readopt.ts';
import type { RetireWord } from '../retire.ts';
import { LIMITS } from '../rules/limits.ts';
import { checkSettings, type RoomSettings } from '../rules/settings.ts';
import { adoptedData, writeJournal, type ModelData, type ModelRoom } from './model-room.ts';
import { slotsInUse } from './standing.ts';

/** Puts settings in force; `create` makes a room this Redis does not know. `nowMs`: Redis' TIME, for a room that is made. */
export function configure(
  room: ModelRoom, settings: RoomSettings, { create = false, nowMs }: { readonly create?: boolean; readonly nowMs: number },
): ConfigureWord {
  valueOf(checkSettings(settings));
  const known = adoptedData(room);
  if (known === 'fenced') return 'fenced';
  if (known === 'no-room' && !create) return 'no-room';
  const data = known === 'no-room' ? emptyRoom(settings, room.runId, nowMs) : known;
  if (known !== 'no-room') {
    if (data.settings.epoch !== settings.epoch) return 'epoch';
    if (data.settings.version > settings.version) return 'older';
    if (data.settings.version === settings.version) return 'unchanged';
  }
  room.data = data;
  data.settings = settings;
  data.phase = settings.phase;
  const { version, phase, ratePerMinute: rate, capacity, epoch } = settings;
  writeJournal(data, { kind: 'settings', version, phase, rate, capacity, epoch });
  return known === 'no-room' ? 'created' : 'configured';
}

function emptyRoom(settings: RoomSettings, runId: string, nowMs: number): ModelData {
  return {
    settings, phase: settings.phase, adoptedRunId: runId, incarnation: 1, clock: 0, wall: nowMs, next: 0, calls: 0, through: 0, credit: 0,
    batches: [], peakWaiting: 0, reason: 'line', callsOffUntil: 0, sweepOffUntil: 0,
    presence: { period: 0, periodAt: 0, sweptPeriod: 0, returning: 0, coming: 0, draining: false, silent: [] },
    pace: { at: 0, calls: 0, dry: false, buckets: [] },
    who: new Map(), places: new Map(), recent: [], journal: [],
    totals: { joined: 0, called: 0, entered: 0, redeemed: 0, finished: 0, left: 0, lapsed: 0, revoked: 0, missed: 0 },
  };
}

/** Adopts the present process' data after a lost tail, if the adopted one is still the expected. */
export function readopt(room: ModelRoom, expectedRunId: string, incarnationSeen = 0): ReadoptReply {
  const { data } = room;
  if (data === null) return { word: 'no-room' };
  if (data.adoptedRunId === room.runId) return { word: 'unchanged', incarnation: data.incarnation };
  if (data.adoptedRunId !== expectedRunId) return { word: 'changed' };
  // Calls of the lost seconds still count in their minute.
  const rate = data.settings.ratePerMinute ?? 0;
  const phantomCalls = Math.ceil((rate * LIMITS.LOST_TAIL_MS) / LIMITS.WINDOW_MS);
  if (phantomCalls > 0) data.batches.push({ clock: data.clock, n: phantomCalls });
  const { next: issuedBefore, incarnation: incarnationBefore } = data;
  data.adoptedRunId = room.runId;
  while (data.incarnation <= Math.max(incarnationBefore, incarnationSeen)) {
    data.incarnation += 1;
    data.next += LIMITS.GAP;
    data.calls += LIMITS.GAP;
  }
  data.credit = 0;
  Object.assign(data.presence, { returning: 0, coming: 0 });
  data.sweepOffUntil = data.clock + data.settings.absentAfterMs;
  data.callsOffUntil = data.clock + LIMITS.CALLS_OFF_MS;
  writeJournal(data, { kind: 'readopt', incarnation: data.incarnation, issuedBefore, issuedAfter: data.next, phantomCalls });
  return { word: 'readopted', incarnation: data.incarnation };
}

/** Takes a room that is over out of this Redis. */
export function retire(room: ModelRoom, epoch: number): RetireWord {
  const data = adoptedData(room);
  if (typeof data === 'string') return data;
  if (data.settings.epoch !== epoch) return 'epoch';
  if (data.phase !== 'closed') return 'not-closed';
  if (slotsInUse(data) > 0) return 'in-use';
  room.data = null;
  return 'retired';
}
