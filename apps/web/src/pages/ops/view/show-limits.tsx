import { SHOW_LIMIT_BOUNDS, type ShowLimitsPatch, type ShowLimitsReply } from '@onsale/contract';
import { useState } from 'preact/hooks';
import { patchOfLimits, SHOWN_UNIT, type LimitsDraft } from '../page-state/show-limits.ts';
import type { ConsoleProps } from './console-page.tsx';

/** Limits of the room's shows, each with its own Apply. The figures beside them say when to turn them. */
export function ShowLimits(props: ConsoleProps) {
  const { state, say } = props;
  const booking = state.samples.at(-1)?.gauges.booking ?? null;
  if (state.shows.length === 0) return null;
  return (
    <section class="card control" aria-label={say('ops.shows')}>
      <h2>{say('ops.shows')}</h2>
      <p class="muted small">
        {booking === null
          ? say('ops.no-figures')
          : `${say('ops.near-attempts', { count: booking.sessionsNearAttempts })} · ${say('ops.holds-lapsed', { count: booking.holdsLapsed })}`}
      </p>
      {state.shows.map((show) => (
        <LimitsForm {...props} key={show.show} show={show} />
      ))}
    </section>
  );
}

function LimitsForm({ show, state, say, language, operations, problemText }: ConsoleProps & { readonly show: ShowLimitsReply }) {
  const [draft, setDraft] = useState<LimitsDraft>({});
  const [cause, setCause] = useState('');
  const [refused, setRefused] = useState<string | null>(null);
  const patch = patchOfLimits(draft, show);
  const apply = async (wanted: ShowLimitsPatch): Promise<void> => {
    const code = await operations.applyLimits(show.show, wanted, cause.trim());
    setRefused(code);
    if (code !== null) return;
    setDraft({});
    setCause('');
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    if (patch !== null && Object.keys(patch).length > 0) void apply(patch);
  };
  return (
    <form onSubmit={submit}>
      <h3>
        {show.eventName[language]} <small class="muted">{show.show}</small>
      </h3>
      {(['idleSessionMs', 'attemptsPerSession'] as const).map((field) => {
        const unit = SHOWN_UNIT[field];
        const { least, most } = SHOW_LIMIT_BOUNDS[field];
        return (
          <label class="field" key={field}>
            <span>{say(field === 'idleSessionMs' ? 'ops.idle-label' : 'ops.attempts-label')}</span>
            <input
              class="input"
              name={field}
              inputMode="numeric"
              value={draft[field] ?? String(show[field] / unit)}
              aria-invalid={patchOfLimits({ [field]: draft[field] }, show) === null}
              onInput={(event) => setDraft({ ...draft, [field]: event.currentTarget.value })}
            />
            <small class="muted">{say('ops.bad-number', { least: least / unit, most: most / unit })}</small>
          </label>
        );
      })}
      <label class="field">
        <span>{say('ops.cause')}</span>
        <input class="input" maxLength={200} value={cause} onInput={(event) => setCause(event.currentTarget.value)} />
      </label>
      {refused === null ? null : (
        <p class="note note-bad" role="alert">
          {problemText(refused)}
        </p>
      )}
      <button class="button button-primary" disabled={state.busy || patch === null || Object.keys(patch).length === 0}>
        {say(state.busy ? 'ops.applying' : 'ops.apply')}
      </button>
    </form>
  );
}
