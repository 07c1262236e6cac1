import type { Act } from '../console.ts';
import type { TextKey } from '../../../texts/en.ts';
import { toldChanges, type ToldField } from '../page-state/told-changes.ts';
import type { ConsoleProps } from './console-page.tsx';

/** Who changed what, when and why, in words; the latest first. */
export function AuditLog(props: ConsoleProps) {
  const { state, say, operations, language } = props;
  return (
    <section class="card log" aria-label={say('ops.log')}>
      <h2>
        {say('ops.log')}
      </h2>
      {state.log.length === 0 ? <p class="muted">{say('ops.log-empty')}</p> : null}
      <ol>
        {state.log.map((act) => (
          <li key={act.id}>
            <p>
              <strong>{act.actor}</strong>{' '}
              <span class="muted small">
                {new Date(act.at).toLocaleString(language)} · {ACTIONS[act.action] === undefined ? act.action : say(ACTIONS[act.action] as TextKey)}
              </span>
            </p>
            <Changes {...props} act={act} />
            <p class="small muted">{act.cause === '' ? say('ops.log-no-cause') : `“${act.cause}”`}</p>
          </li>
        ))}
      </ol>
      {state.logNext === null ? null : (
        <button type="button" class="button button-quiet" onClick={() => void operations.readLog(state.logNext)}>
          {say('ops.log-older')}
        </button>
      )}
    </section>
  );
}

function Changes({ act, say, language }: ConsoleProps & { readonly act: Act }) {
  const word = (field: ToldField, value: unknown): string => {
    if (value === null || value === undefined) return say(field === 'opensAtMs' ? 'ops.not-set' : 'ops.no-limit');
    if (field === 'phase') return say(`phase.${String(value)}` as 'phase.open');
    if (field === 'name') return String((value as Record<string, unknown>)[language] ?? '').slice(0, NAME_CHARS_MAX);
    if (field === 'opensAtMs') return new Date(Number(value)).toLocaleString(language);
    if (field === 'callMs' || field === 'idleSessionMs') return say('ops.seconds', { seconds: Number(value) / 1_000 });
    return Number(value).toLocaleString(language);
  };
  return (
    <ul class="differences small">
      {toldChanges(act).map(({ field, from, to, isFirst }) => (
        <li key={field}>
          <span>{say(LABELS[field])}</span>{' '}
          <strong>{isFirst ? word(field, to) : say('ops.change', { from: word(field, from), to: word(field, to) })}</strong>
        </li>
      ))}
    </ul>
  );
}

const NAME_CHARS_MAX = 60;
const LABELS = {
  phase: 'ops.phase', ratePerMinute: 'ops.rate', capacity: 'ops.capacity', callMs: 'ops.call-time', opensAtMs: 'ops.opens-at', name: 'ops.name-of-room',
  idleSessionMs: 'ops.idle-label', attemptsPerSession: 'ops.attempts-label',
} as const satisfies Record<ToldField, TextKey>;
const ACTIONS: Readonly<Record<string, TextKey>> = {
  'room.make': 'ops.act-make', 'room.change': 'ops.act-change', 'room.epoch': 'ops.act-epoch', 'room.restart': 'ops.act-restart',
  'show.limits': 'ops.act-limits',
};
