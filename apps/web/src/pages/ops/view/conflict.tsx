import type { RoomPatch } from '@onsale/contract';
import { useEffect, useRef } from 'preact/hooks';
import type { Conflict } from '../console.ts';
import { differences, wishes, type Difference } from '../page-state/knobs.ts';
import type { ConsoleProps } from './console-page.tsx';
import type { ControlProps } from './control.tsx';

/** Both sides of a lost race, and the two ways out of it. */
export function ConflictCard(props: ConsoleProps & { readonly conflict: Conflict; readonly onApply: () => void }) {
  const { conflict, say, operations, state, onApply } = props;
  const card = useRef<HTMLElement>(null);
  useEffect(() => card.current?.scrollIntoView({ block: 'nearest', behavior: 'smooth' }), []);
  const theirs = differences(conflict.seen, conflict.now);
  return (
    <section ref={card} class="conflict" role="alert">
      <h3>{say('ops.conflict')}</h3>
      <p>{say('ops.conflict-lead')}</p>
      {theirs.length === 0 ? <p class="muted">{say('ops.conflict-nothing')}</p> : <Differences {...props} list={theirs} />}
      <p>{say('ops.conflict-mine')}</p>
      <Differences {...props} list={wishes(conflict.now, conflict.patch)} />
      <div class="row">
        <button type="button" class="button button-primary" disabled={state.busy} onClick={onApply}>
          {say('ops.conflict-apply')}
        </button>
        <button type="button" class="button" onClick={() => operations.dropConflict()}>
          {say('ops.conflict-drop')}
        </button>
      </div>
    </section>
  );
}

export function DifferenceList(props: ControlProps & { readonly patch: RoomPatch }) {
  return <Differences {...props} list={wishes(props.room, props.patch)} />;
}

function Differences({ list, say, language }: ConsoleProps & { readonly list: readonly Difference[] }) {
  const word = (field: Difference['field'], value: string | number | null): string => {
    if (value === null) return say('ops.no-limit');
    return field === 'phase' ? say(`phase.${value}` as 'phase.open') : value.toLocaleString(language);
  };
  return (
    <ul class="differences">
      {list.map(({ field, from, to }) => (
        <li key={field}>
          <span>{say(field === 'phase' ? 'ops.phase' : field === 'capacity' ? 'ops.capacity' : 'ops.rate')}</span>{' '}
          <strong>{say('ops.change', { from: word(field, from), to: word(field, to) })}</strong>
        </li>
      ))}
    </ul>
  );
}

/** What became of the last change. */
export function Outcome({ state, room, say, problemText }: ControlProps) {
  return (
    <>
      {state.outcome === null ? null : (
        <p class={`note ${state.outcome.kind === 'done' ? 'note-good' : 'note-bad'}`} role="status">
          {state.outcome.kind === 'done'
            ? say('ops.done', { version: state.outcome.version })
            : `${problemText(state.outcome.code)} ${state.outcome.detail ?? ''}`}
        </p>
      )}
      {room.inForce === false ? (
        <p class="note note-warn" role="status">
          {say('ops.not-in-force')}
        </p>
      ) : null}
      {room.saved === false ? (
        <p class="note note-warn" role="status">
          {say('ops.not-saved')}
        </p>
      ) : null}
    </>
  );
}
