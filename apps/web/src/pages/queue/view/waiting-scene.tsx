import type { Language } from '@onsale/contract';
import type { Say } from '../../shared/page-data.ts';
import type { QueueView } from '../page-state/queue-view.ts';
import type { WaitWords } from '../page-state/wait-words.ts';
import { useSpoken } from '../spoken.ts';
import { ProgressPicture } from './progress-picture.tsx';
import type { SceneProps } from './queue-page.tsx';

export function WaitingScene({ view, state, say, language }: SceneProps) {
  const spoken = useSpoken(view.ahead?.count ?? null, (count) => say('queue.say-ahead', { count: count.toLocaleString(language) }));
  return (
    <section class="card scene scene-waiting">
      <Headline view={view} say={say} language={language} />
      <ProgressPicture progress={view.progress} label={say('queue.progress')} door={say('queue.door')} you={say('queue.you')} />
      <dl class="figures">
        <div>
          <dt>{say('queue.wait')}</dt>
          <dd class="figure">{view.held ? say('queue.wait-held') : waitText(view.wait, say)}</dd>
        </div>
        <div>
          <dt>{say('queue.place-number')}</dt>
          <dd class="figure" translate={false}>{state.me === null ? '–' : (state.me.place % 2 ** 32).toLocaleString(language)}</dd>
        </div>
      </dl>
      {view.reason === null ? null : (
        <p class="note" role="status">
          {say(`reason.${view.reason}`)}
        </p>
      )}
      <p class="muted small">
        {[
          view.callsLastMinute === null || view.held ? '' : say('queue.moving', { calls: view.callsLastMinute.toLocaleString(language) }),
          view.present === null ? '' : say('queue.present', { count: view.present.toLocaleString(language) }),
        ]
          .filter((text) => text !== '')
          .join(' · ')}
      </p>
      <details class="small muted why">
        <summary>{say('queue.wait-how')}</summary>
        <p>{say('queue.wait-why')}</p>
      </details>
      <p class="unseen" role="status" aria-live="polite">
        {spoken}
      </p>
    </section>
  );
}

function Headline({ view, say, language }: { readonly view: QueueView; readonly say: Say; readonly language: Language }) {
  const { ahead } = view;
  if (ahead === null) return <p class="loading">{say('queue.starting')}</p>;
  if (ahead.count === 0) {
    return (
      <div class="headline">
        <p class="headline-next">{say('queue.ahead-none')}</p>
        <p class="lead">{say('queue.ahead-none-lead')}</p>
      </div>
    );
  }
  return (
    <p class="headline">
      {ahead.about ? <span class="headline-about">{say('queue.about')} </span> : null}
      <span class="headline-count" translate={false}>{ahead.count.toLocaleString(language)}</span>{' '}
      <span class="headline-words">{say(ahead.count === 1 ? 'queue.ahead-one' : 'queue.ahead')}</span>
    </p>
  );
}

export function waitText(wait: WaitWords | null, say: Say): string {
  if (wait === null) return say('queue.wait-unknown');
  switch (wait.kind) {
    case 'soon':
      return say('queue.wait-soon');
    case 'long':
      return say('queue.wait-long', { low: wait.low });
    case 'up-to':
      return say('queue.wait-up-to', { high: wait.high, unit: say(`queue.${wait.unit}`) });
    case 'band':
      return say('queue.wait-band', { low: wait.low, high: wait.high, unit: say(`queue.${wait.unit}`) });
  }
}
