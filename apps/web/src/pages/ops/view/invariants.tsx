import type { AuditReply } from '@onsale/contract';
import type { TextKey } from '../../../texts/en.ts';
import type { ConsoleProps } from './console-page.tsx';

const NAMED = ['W1', 'W2', 'W3', 'W4', 'W5', 'W6', 'W7', 'B1', 'B2', 'B3', 'B4', 'B5', 'B6'];

const noteOf = ({ findings, unwatched }: AuditReply): string => (findings.length > 0 ? 'note-bad' : unwatched === null ? 'note-good' : 'note-warn');

/** What the auditor has looked at, and what it has found. */
export function Invariants({ state, say, operations, language }: ConsoleProps) {
  const { audit } = state;
  const meaningOf = (name: string): string => (NAMED.includes(name) ? say(`ops.${name.toLowerCase()}` as TextKey) : '');
  return (
    <section class="card invariants" aria-label={say('ops.invariants')}>
      <h2>
        {say('ops.invariants')}
        <button type="button" class="button button-quiet" disabled={state.auditing} onClick={() => void operations.runAudit()}>
          {say(state.auditing ? 'ops.invariants-checking' : 'ops.reload')}
        </button>
      </h2>
      {audit === null ? null : (
        <>
          <p class={`note ${noteOf(audit)}`} role="status">
            {audit.findings.length === 0 ? say('ops.invariants-ok') : say('ops.invariants-bad', { count: audit.findings.length })}{' '}
            <small>{say('ops.invariants-at', { time: new Date(audit.atMs).toLocaleTimeString(language) })}</small>
          </p>
          {audit.unwatched === null ? null : (
            <p class="note note-warn" role="alert">
              {audit.unwatched.sinceMs === null
                ? say('ops.unwatched-never', { names: audit.unwatched.invariants.join(', ') })
                : say('ops.unwatched', { names: audit.unwatched.invariants.join(', '), time: new Date(audit.unwatched.sinceMs).toLocaleTimeString(language) })}
            </p>
          )}
          <ul class="checks">
            {audit.checked.map((name) => {
              const broken = audit.findings.some(({ invariant }) => invariant === name);
              return (
                <li key={name} class={broken ? 'check-bad' : ''}>
                  <span aria-hidden="true">{broken ? '✗' : '✓'}</span> <strong>{name}</strong>{' '}
                  {meaningOf(name)}
                </li>
              );
            })}
            {audit.unwatched?.invariants.map((name) => (
              <li key={name} class="check-open">
                <span aria-hidden="true">?</span> <strong>{name}</strong> {meaningOf(name)}
              </li>
            ))}
          </ul>
          <ul class="findings">
            {audit.findings.slice(0, 20).map((finding, index) => (
              <li key={index}>
                <strong>{finding.invariant}</strong> {finding.detail} <small class="muted">{new Date(finding.at).toLocaleTimeString(language)}</small>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
