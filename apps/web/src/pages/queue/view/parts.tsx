import type { EntryReply } from '@onsale/contract';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { clockText } from '../../shared/page-state/countdown.ts';
import type { Say } from '../../shared/page-data.ts';
import { Question } from '../../shared/question.tsx';
import type { Bell } from '../use-turn-bell.ts';

type CardProps = {
  readonly tone: 'plain' | 'warn' | 'turn' | 'good';
  readonly title: string;
  readonly lead: string;
  readonly remainingMs?: number | null;
  readonly clockLabel?: string;
  readonly children?: ComponentChildren;
};

export function SceneCard({ tone, title, lead, remainingMs, clockLabel, children }: CardProps) {
  return (
    <section class={`card scene scene-${tone}`} aria-live="polite">
      <h2>{title}</h2>
      {lead === '' ? null : <p class="lead">{lead}</p>}
      {remainingMs == null ? null : <Clock label={clockLabel ?? ''} ms={remainingMs} />}
      {children}
    </section>
  );
}

/** A press that is being tried on: what the fan may count on meanwhile. */
export function LateNote({ late, say }: { readonly late: 'trying' | 'kept' | null; readonly say: Say }) {
  return late === null ? null : (
    <p class="note note-warn" role="status">
      {say(late === 'kept' ? 'queue.late-kept' : 'queue.late')}
    </p>
  );
}

/** The running clock is for the eyes; screen readers hear the deadline once, in the scene's lead. */
export function Clock({ label, ms }: { readonly label: string; readonly ms: number }) {
  return (
    <p class="clock" role="timer" aria-live="off">
      <span class="clock-label">{label}</span> <span class="clock-figure" translate={false}>{clockText(ms)}</span>
    </p>
  );
}

export function LeaveButton({ say, busy, onLeave }: { readonly say: Say; readonly busy: boolean; readonly onLeave: () => void }) {
  return (
    <Question
      look="button-quiet"
      label={say('queue.leave')}
      question={say('queue.leave-sure')}
      yes={say('queue.leave-yes')}
      no={say('queue.leave-no')}
      busy={busy}
      onYes={onLeave}
    />
  );
}

/** Says what is really on: a browser that refuses notices still rings. The button stands from the beginning, so that nothing moves when the bell is here. */
export function NotifyButton({ say, bell }: { readonly say: Say; readonly bell: Bell | null }) {
  const [, drawAgain] = useState(0);
  const on = bell?.ring.ready() ?? null;
  const allow = (): void => void bell?.ring.allow().then(() => drawAgain((times) => times + 1));
  return (
    <button type="button" class="button button-quiet" aria-pressed={on !== null} disabled={bell === null} onClick={allow}>
      <span aria-hidden="true">{on === null ? '♪ ' : '✓ '}</span>
      {say(on === null ? 'queue.notify' : on === 'notice' ? 'queue.notify-on' : 'queue.notify-sound')}
    </button>
  );
}

export function ShowChoice({ shows, say }: { readonly shows: EntryReply['shows']; readonly say: Say }) {
  return (
    <section class="card scene">
      <h2>{say('queue.choose-show')}</h2>
      <ul class="choices">
        {shows.map(({ show, href }) => (
          <li key={show}>
            <a class="button button-primary" href={href}>
              {show}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
