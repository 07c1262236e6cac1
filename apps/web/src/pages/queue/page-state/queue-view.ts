import type { StandstillReason } from '@onsale/contract';
import { aheadFromMarks, type Ahead } from './ahead.ts';
import { bandAt, linkAt, type Link, type QueueState } from './queue-state.ts';
import { waitWords, type WaitWords } from './wait-words.ts';

/** What the fan sees: one scene, and the figures that belong to it. */
export type Scene =
  | 'starting'
  | 'scheduled'
  | 'lobby'
  | 'drawing'
  | 'waiting'
  | 'absent'
  | 'missed'
  | 'called'
  | 'entered'
  | 'inside'
  | 'finished'
  | 'lapsed'
  | 'left'
  | 'closed'
  | 'recovering'
  | 'full'
  | 'no-cookies'
  | 'lost';

export type QueueView = {
  readonly scene: Scene;
  readonly ahead: Ahead | null;
  readonly wait: WaitWords | null;
  /** True while the line stands, so that no estimate is honest. */
  readonly held: boolean;
  readonly reason: StandstillReason | null;
  readonly link: Link;
  /** A refusal to tell: what the last press was answered, else what keeps the page from knowing. */
  readonly told: string | null;
  /** 0 at the end of the line, 1 at the door. */
  readonly progress: number;
  /** Until the deadline of the scene: pressing Enter, using the entry, the opening. Null where there is none. */
  readonly remainingMs: number | null;
  readonly present: number | null;
  readonly callsLastMinute: number | null;
  readonly canLeave: boolean;
  readonly canRejoin: boolean;
};

/** Reasons under which nobody is called, however long one waits. */
const STANDING: readonly StandstillReason[] = ['scheduled', 'paused', 'closed', 'recovering', 'returning', 'caller-away'];
const FRAME_FRESH_MS = 30_000;

export function viewOf(state: QueueState, now: number): QueueView {
  const scene = sceneOf(state, now);
  const fresh = state.frame !== null && now - state.frameAt < FRAME_FRESH_MS;
  const frame = fresh ? state.frame : null;
  const ahead = aheadOf(state, frame);
  const reason = frame?.reason ?? (frame === null ? (state.me?.reason ?? state.room?.reason ?? null) : null);
  const held = reason !== null && STANDING.includes(reason);
  const canLeave = ['lobby', 'drawing', 'waiting', 'absent', 'missed', 'called'].includes(scene);
  const band = scene === 'waiting' && !held ? bandAt(state) : null;
  return {
    scene,
    ahead,
    wait: band === null ? null : waitWords(band),
    held,
    reason: scene === 'waiting' || scene === 'absent' ? reason : null,
    link: linkAt(state, now),
    told: toldOf(state, scene, canLeave),
    progress: progressOf(state.firstAhead, ahead?.count ?? null, scene),
    remainingMs: remainingOf(state, scene, now),
    present: frame?.present ?? state.room?.present ?? null,
    callsLastMinute: frame?.callsLastMinute ?? null,
    canLeave,
    canRejoin: scene === 'lapsed' || scene === 'left' || scene === 'finished',
  };
}

/** Scenes that say themselves what is wrong. */
const SPEAKING: readonly Scene[] = ['no-cookies', 'full', 'recovering', 'lost'];
/** Asked too often, by other tabs of this fan or by chance: a reason to wait, not a trouble to tell. */
const SILENT: readonly string[] = ['rate-limited'];

function toldOf({ answered, trouble, device }: QueueState, scene: Scene, hasLinkLine: boolean): string | null {
  if (answered !== null) return answered;
  if (device === 'refused') return 'no-identity';
  if (trouble === null || SPEAKING.includes(scene) || SILENT.includes(trouble.code)) return null;
  // The line about the link says it already; two lines could contradict each other.
  return trouble.code === 'offline' && hasLinkLine ? null : trouble.code;
}

function sceneOf(state: QueueState, now: number): Scene {
  const { me, room, trouble } = state;
  if (trouble !== null && me === null) {
    if (trouble.code === 'no-identity') return 'no-cookies';
    if (trouble.code === 'full' || trouble.code === 'recovering') return trouble.code;
    if (trouble.code === 'not-found') return 'lost';
  }
  if (me === null) return sceneWithoutPlace(state);
  const phase = state.frame !== null && state.frame.epoch >= me.epoch ? state.frame.phase : (me.phase ?? room?.phase);
  switch (me.state) {
    case 'lobby':
      return phase === 'drawing' ? 'drawing' : 'lobby';
    case 'waiting':
      return phase === 'closed' ? 'closed' : phase === 'recovering' ? 'recovering' : phase === 'drawing' ? 'drawing' : 'waiting';
    case 'absent':
      return me.needsReturn ? 'missed' : phase === 'closed' ? 'closed' : 'absent';
    case 'called':
      return 'called';
    case 'entered':
      return (remainingOf(state, 'entered', now) ?? 1) > 0 ? 'entered' : 'starting';
    case 'redeemed':
      return 'inside';
    case 'finished':
    case 'left':
    case 'lapsed':
      return me.state;
  }
}

function sceneWithoutPlace(state: QueueState): Scene {
  const phase = state.frame?.phase ?? state.room?.phase;
  if (state.intent === 'gone') return state.trouble?.code === 'place-ended' ? 'finished' : 'left';
  if (phase === 'scheduled' || phase === 'closed' || phase === 'recovering') return phase;
  return 'starting';
}

/** The frame knows better than the last reply when it is newer; a place that stands elsewhere has nobody ahead to count. */
function aheadOf(state: QueueState, frame: QueueState['frame']): Ahead | null {
  const { me } = state;
  if (me === null || me.state !== 'waiting') return null;
  const exact = me.position === null ? null : { count: me.position - 1, about: false };
  if (frame === null || frame.epoch !== me.epoch || state.frameAt <= me.at) return exact;
  return aheadFromMarks(frame.marks, frame.present, me.order) ?? exact;
}

function progressOf(first: number | null, ahead: number | null, scene: Scene): number {
  if (scene === 'called' || scene === 'entered' || scene === 'inside') return 1;
  if (ahead === null || first === null || first <= 0) return ahead === 0 ? 0.96 : 0;
  return Math.min(0.96, Math.max(0, 1 - ahead / first) * 0.96);
}

function remainingOf(state: QueueState, scene: Scene, now: number): number | null {
  if (scene === 'scheduled') {
    const opensInMs = state.room?.opensInMs ?? null;
    return opensInMs === null ? null : Math.max(0, opensInMs - (now - state.roomAt));
  }
  const { me } = state;
  // Once inside the seats page has the clock: booking's session ends a little before the room's lease, and two clocks would disagree.
  if (me === null || me.remainingMs === null || !['called', 'entered'].includes(scene)) return null;
  return Math.max(0, me.remainingMs - (now - me.at));
}
