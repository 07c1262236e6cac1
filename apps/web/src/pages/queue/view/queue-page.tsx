import type { EntryReply, Language } from '@onsale/contract';
import { useEffect, useState } from 'preact/hooks';
import type { Say } from '../../shared/page-data.ts';
import type { QueueDriver } from '../driver.ts';
import type { QueueState } from '../page-state/queue-state.ts';
import { viewOf, type QueueView } from '../page-state/queue-view.ts';
import { useTurnBell, type Bell } from '../use-turn-bell.ts';
import { CalledScene, EnteredScene } from './called-scene.tsx';
import { LeaveButton, NotifyButton, SceneCard, ShowChoice } from './parts.tsx';
import { WaitingScene } from './waiting-scene.tsx';

export type SceneProps = {
  readonly view: QueueView;
  readonly state: QueueState;
  readonly driver: QueueDriver;
  readonly say: Say;
  readonly language: Language;
};
type PageProps = Omit<SceneProps, 'view'> & { readonly name: string | null; readonly problems: Readonly<Record<string, string>> };

export function QueuePage(props: PageProps) {
  const { state, say, name, problems } = props;
  const view = viewOf(state, performance.now());
  const [shows, setShows] = useState<EntryReply['shows'] | null>(null);
  const bell = useTurnBell(view.scene === 'called', say, name ?? say('queue.title'), view.remainingMs ?? 0);
  useTitle(view, props.language, name ?? say('queue.title'));
  const enter = async (): Promise<void> => {
    const open = await props.driver.enter();
    if (open === null) return;
    if (open.length === 1) location.assign((open[0] as { href: string }).href);
    else setShows(open);
  };
  return (
    <>
      <p class="eyebrow">{say('queue.title')}</p>
      <h1>{name ?? say('queue.title')}</h1>
      {shows !== null ? <ShowChoice shows={shows} say={say} /> : <Scene {...props} view={view} enter={enter} />}
      {view.told === null ? null : (
        <p key={view.told} class="note note-warn" role="alert">
          {wordsOf(view.told, state, say, problems)}
        </p>
      )}
      <Foot {...props} view={view} bell={bell} />
    </>
  );
}

/** A refusal in the fan's own words where the registry's are for programs. That a place is kept is said only where one is known. */
function wordsOf(code: string, { keepsPlace }: QueueState, say: Say, problems: Readonly<Record<string, string>>): string {
  if (code === 'offline') return say(keepsPlace ? 'queue.link-down' : 'queue.link-down-new');
  if (code === 'no-identity') return say('queue.no-cookies');
  if (code === 'holder-mismatch' || code === 'token-used') return say('queue.other-browser');
  return problems[code] ?? say('queue.refused');
}

/** The tab says how many are ahead, for those who do something else meanwhile. */
function useTitle(view: QueueView, language: Language, name: string): void {
  const count = view.scene === 'waiting' ? (view.ahead?.count ?? null) : null;
  useEffect(() => {
    if (view.scene !== 'called') document.title = count === null ? name : `${count.toLocaleString(language)} · ${name}`;
  }, [count, view.scene]);
}

function Scene(props: SceneProps & { readonly enter: () => Promise<void> }) {
  const { view, say, driver, state } = props;
  switch (view.scene) {
    case 'waiting':
      return <WaitingScene {...props} />;
    case 'called':
      return <CalledScene {...props} />;
    case 'entered':
    case 'inside':
      return <EnteredScene {...props} />;
    case 'missed':
      return (
        <SceneCard tone="warn" title={say('queue.missed')} lead={say('queue.missed-lead')}>
          <button type="button" class="button button-primary button-large" disabled={state.busy !== null} onClick={() => void driver.comeBack()}>
            {say(state.busy === 'return' ? 'queue.coming-back' : 'queue.back')}
          </button>
        </SceneCard>
      );
    case 'starting':
      return (
        <p class="loading" role="status">
          {say(state.busy === 'join' ? 'queue.joining' : 'queue.starting')}
        </p>
      );
    case 'lost':
      return (
        <SceneCard tone="plain" title={say('lost.title')} lead={say('lost.lead')}>
          <a class="button button-primary" href="/">
            {say('lost.home')}
          </a>
        </SceneCard>
      );
    default:
      return <QuietScene {...props} />;
  }
}

const QUIET = {
  scheduled: ['queue.scheduled', 'queue.scheduled-lead'],
  lobby: ['queue.lobby', 'queue.lobby-lead'],
  drawing: ['queue.drawing', 'queue.drawing-lead'],
  absent: ['queue.absent', 'queue.absent-lead'],
  finished: ['queue.finished', 'queue.finished-lead'],
  lapsed: ['queue.lapsed', 'queue.lapsed-lead'],
  left: ['queue.left', 'queue.left-lead'],
  closed: ['queue.closed', 'queue.closed-lead'],
  recovering: ['queue.recovering', 'queue.recovering-lead'],
  full: ['queue.full', 'queue.full-lead'],
  'no-cookies': ['queue.refused', 'queue.no-cookies'],
} as const;

/** Scenes in which the fan reads and waits, or takes a new place. */
function QuietScene({ view, say, driver, state }: SceneProps) {
  const [title, quietLead] = QUIET[view.scene as keyof typeof QUIET];
  const lead = view.scene === 'recovering' && !state.keepsPlace ? 'queue.recovering-new-lead' : quietLead;
  return (
    <SceneCard
      tone={view.scene === 'absent' || view.scene === 'recovering' ? 'warn' : 'plain'}
      title={say(title)}
      lead={say(lead)}
      remainingMs={view.remainingMs}
      clockLabel={say('queue.opens-in')}
    >
      {view.scene === 'finished' || view.scene === 'closed' ? (
        <a class={`button${view.scene === 'finished' ? ' button-primary' : ''}`} href="/me">
          {say('queue.my-tickets')}
        </a>
      ) : null}
      {view.canRejoin ? (
        <button
          type="button"
          class={`button${view.scene === 'finished' ? '' : ' button-primary'}`}
          disabled={state.busy !== null}
          onClick={() => void driver.join()}
        >
          {say(state.busy === 'join' ? 'queue.joining' : view.scene === 'left' ? 'queue.join' : 'queue.join-again')}
        </button>
      ) : null}
    </SceneCard>
  );
}

function Foot({ view, state, say, driver, bell }: SceneProps & { readonly bell: Bell | null }) {
  if (!view.canLeave) return null;
  const link = view.link === 'socket' ? 'queue.link-socket' : view.link === 'polling' ? 'queue.link-polling' : 'queue.link-down';
  return (
    <section class="queue-foot">
      <p class={`link link-${view.link}`}>{say(link)}</p>
      <div class="row">
        {view.scene === 'called' ? null : <NotifyButton say={say} bell={bell} />}
        {/* Asked about a place that is called meanwhile, the question gives way to the turn. */}
        <LeaveButton key={view.scene} say={say} busy={state.busy !== null} onLeave={() => void driver.leave()} />
      </div>
      {view.scene === 'called' || view.scene === 'missed' ? null : (
        <details class="keep">
          <summary>{say('queue.keep-title')}</summary>
          <p>{say('queue.keep')}</p>
        </details>
      )}
    </section>
  );
}
