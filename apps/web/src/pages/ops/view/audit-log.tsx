import type { Act } from '../console.ts';
import type { ConsoleProps } from './console-page.tsx';

export function AuditLog({ state, say, operations, language }: ConsoleProps) {
  return (
    <section class="card log" aria-label={say('ops.log')}>
      <h2>
        {say('ops.log')}{' '}
        <button type="button" class="button button-quiet" onClick={() => void operations.readLog()}>
          {say('ops.reload')}
        </button>
      </h2>
      {state.log.length === 0 ? <p class="muted">{say('ops.log-empty')}</p> : null}
      <ol>
        {state.log.map((act) => (
          <li key={act.id}>
            <p>
              <strong>{act.actor}</strong>{' '}
              <span class="muted small">
                {new Date(act.at).toLocaleString(language)} · {act.action}
              </span>
            </p>
            <p class="small">{changesOf(act)}</p>
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

/** What a person decides; the rest of a record is for programs. */
const TOLD = ['phase', 'ratePerMinute', 'capacity', 'callMs', 'opensAtMs', 'name'];
const TEXT_MAX = 300;

/** Only what differs; a record keeps whole settings. */
function changesOf({ before, after }: Act): string {
  const names = TOLD.filter((name) => after !== null && name in after && JSON.stringify(before?.[name]) !== JSON.stringify(after[name]));
  return names
    .map((name) => `${name}: ${before === null ? '' : `${JSON.stringify(before[name]) ?? '–'} → `}${JSON.stringify(after?.[name])}`)
    .join(', ')
    .slice(0, TEXT_MAX);
}
