import type { RoomPatch } from '@onsale/contract';
import { useEffect, useState } from 'preact/hooks';
import { hintsOf, KNOB_BOUNDS, parseKnob, patchOf, type Draft, type Knob, type RoomView } from '../page-state/knobs.ts';
import { Question } from '../../shared/question.tsx';
import { ConflictCard, DifferenceList, Outcome } from './conflict.tsx';
import type { ConsoleProps } from './console-page.tsx';

export type ControlProps = ConsoleProps & { readonly room: RoomView };

/** The knobs. What is typed changes nothing; Apply sets it at once, and Pause needs no second press. */
export function Control(props: ControlProps) {
  const { room, state, say, operations } = props;
  const [draft, setDraft] = useState<Draft>({});
  const [cause, setCause] = useState('');
  const patch = patchOf(draft, room);
  useEffect(() => operations.setEditing(Object.keys(draft).length > 0), [draft]);
  const isEmpty = patch !== null && Object.keys(patch).length === 0;
  const apply = async (wanted: RoomPatch): Promise<void> => {
    await operations.apply(wanted, cause.trim());
    if (operations.state.conflict === null && operations.state.outcome?.kind === 'done') {
      setDraft({});
      setCause('');
    }
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    if (patch !== null && !isEmpty) void apply(patch);
  };
  const last = state.samples.at(-1)?.gauges ?? null;
  return (
    <section class="card control" aria-label={say('ops.control')}>
      <h2>
        {say('ops.control')} <span class={`phase phase-${room.phase}`}>{say(`phase.${room.phase}`)}</span>
      </h2>
      <Phases {...props} onPhase={(phase) => void apply({ phase })} />
      <form onSubmit={submit}>
        <KnobField {...props} knob="ratePerMinute" draft={draft} onDraft={setDraft} />
        <KnobField {...props} knob="capacity" draft={draft} onDraft={setDraft} />
        <label class="field">
          <span>{say('ops.cause')}</span>
          <input class="input" maxLength={200} placeholder={say('ops.cause-hint')} value={cause} onInput={(event) => setCause(event.currentTarget.value)} />
        </label>
        {patch === null || isEmpty ? null : <DifferenceList {...props} room={room} patch={patch} />}
        {patch === null
          ? null
          : hintsOf(patch, last).map((hint) => (
              <p key={hint.kind} class="note note-warn">
                {say(`ops.${hint.kind}-hint`, hint)}
              </p>
            ))}
        <div class="row">
          <button class="button button-primary" disabled={state.busy || patch === null || isEmpty}>
            {say(state.busy ? 'ops.applying' : 'ops.apply')}
          </button>
          {Object.keys(draft).length === 0 ? null : (
            <button type="button" class="button button-quiet" onClick={() => setDraft({})}>
              {say('ops.discard')}
            </button>
          )}
        </div>
      </form>
      <Outcome {...props} />
      {state.conflict === null ? null : <ConflictCard {...props} conflict={state.conflict} onApply={() => void apply(state.conflict?.patch ?? {})} />}
    </section>
  );
}

function KnobField({
  room,
  say,
  knob,
  draft,
  onDraft,
}: ControlProps & { readonly knob: Knob; readonly draft: Draft; readonly onDraft: (draft: Draft) => void }) {
  const text = draft[knob] === undefined ? (room[knob] === null ? null : String(room[knob])) : draft[knob];
  const parsed = parseKnob(knob, text ?? null);
  const set = (next: string | null): void => onDraft({ ...draft, [knob]: next });
  const turn = (factor: number): void => {
    const now = parsed.ok && parsed.value !== null ? parsed.value : (room[knob] ?? 0);
    set(String(Math.min(KNOB_BOUNDS[knob].most, Math.max(0, Math.round(now * factor)))));
  };
  const label = say(knob === 'ratePerMinute' ? 'ops.rate-label' : 'ops.capacity-label');
  return (
    <div class="knob">
      <label class="field">
        <span>{label}</span>
        <input
          class="input"
          name={knob}
          inputMode="numeric"
          disabled={text === null}
          value={text ?? ''}
          aria-invalid={!parsed.ok}
          onInput={(event) => set(event.currentTarget.value)}
        />
      </label>
      <div class="knob-steps">
        {(
          [
            ['½', 0.5],
            ['−10 %', 0.9],
            ['+10 %', 1.1],
            ['×2', 2],
          ] as const
        ).map(([name, factor]) => (
          <button type="button" key={name} class="step" disabled={text === null} aria-label={`${label} ${name}`} onClick={() => turn(factor)}>
            {name}
          </button>
        ))}
        <label class="check">
          <input type="checkbox" checked={text === null} onChange={(event) => set(event.currentTarget.checked ? null : String(room[knob] ?? 600))} />{' '}
          {say('ops.unlimited')}
        </label>
      </div>
      {parsed.ok ? null : (
        <p class="note note-bad">{say('ops.bad-number', { least: KNOB_BOUNDS[knob].least, most: KNOB_BOUNDS[knob].most.toLocaleString('en') })}</p>
      )}
    </div>
  );
}

function Phases({ room, state, say, onPhase }: ControlProps & { readonly onPhase: (phase: 'open' | 'paused' | 'closed') => void }) {
  if (room.phase === 'closed') return null;
  return (
    <div class="row phases">
      {room.phase === 'open' ? (
        <button key="pause" type="button" class="button button-pause" disabled={state.busy} onClick={() => onPhase('paused')}>
          {say('ops.pause')}
        </button>
      ) : (
        <button key="open" type="button" class="button button-primary" disabled={state.busy} onClick={() => onPhase('open')}>
          {say(room.phase === 'paused' ? 'ops.resume' : 'ops.open')}
        </button>
      )}
      <Question
        look="button-quiet"
        label={say('ops.close')}
        question={say('ops.close-sure')}
        yes={say('ops.close-yes')}
        no={say('ops.cancel')}
        busy={state.busy}
        onYes={() => onPhase('closed')}
      />
    </div>
  );
}
