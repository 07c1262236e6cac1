import { useEffect, useRef } from 'preact/hooks';
import { Clock, LateNote, SceneCard } from './parts.tsx';
import type { SceneProps } from './queue-page.tsx';

/** The turn: one large button, which takes the focus so that Enter on a keyboard is Enter here. */
export function CalledScene({ view, state, say, enter }: SceneProps & { readonly enter: () => Promise<void> }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  const share = state.me?.remainingMs == null ? 1 : (view.remainingMs ?? 0) / Math.max(state.me.remainingMs, 60_000);
  return (
    <section class="card scene scene-turn" role="alert">
      <h2>{say('queue.called')}</h2>
      <p class="lead">{say('queue.called-lead')}</p>
      <button ref={button} type="button" class="button button-turn" disabled={state.busy !== null} onClick={() => void enter()}>
        {say(state.busy === 'enter' ? 'queue.entering' : 'queue.enter')}
      </button>
      <LateNote late={state.late} say={say} />
      <Clock label={say('queue.time-left')} ms={view.remainingMs ?? 0} />
      <progress class="drain" max={1} value={Math.min(1, share)} aria-hidden="true" />
    </section>
  );
}

/**
 * The entry was taken, here or in another tab: the same press leads on. Also for who is inside by the waiting room's word: the session may
 * not have been written yet, or its cookie is gone; redeeming again is the same session.
 */
export function EnteredScene({ view, state, say, enter }: SceneProps & { readonly enter: () => Promise<void> }) {
  const inside = view.scene === 'inside';
  return (
    <SceneCard
      tone="good"
      title={say(inside ? 'queue.inside' : 'queue.entered')}
      lead={say(inside ? 'queue.inside-lead' : 'queue.entered-lead')}
      remainingMs={view.remainingMs}
      clockLabel={say('queue.time-left')}
    >
      <button type="button" class="button button-primary button-large" disabled={state.busy !== null} onClick={() => void enter()}>
        {say(state.busy === 'enter' ? 'queue.entering' : 'queue.continue')}
      </button>
      <LateNote late={state.late} say={say} />
    </SceneCard>
  );
}
