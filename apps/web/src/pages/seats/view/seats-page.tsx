import type { Language } from '@onsale/contract';
import { useEffect, useState } from 'preact/hooks';
import { formatDate, formatMoney } from '../../../texts/formats.ts';
import { CheckoutForm } from '../../pay/checkout-form.tsx';
import { SeatTable } from '../../pay/seat-table.tsx';
import { clockText } from '../../shared/page-state/countdown.ts';
import type { Say } from '../../shared/page-data.ts';
import { Heading } from '../../shared/heading.tsx';
import { Question } from '../../shared/question.tsx';
import type { BookingDriver } from '../driver.ts';
import { idleLeft, type BookingState } from '../page-state/booking-state.ts';
import { ActionBar } from './action-bar.tsx';
import { Basket, BestAvailable } from './basket.tsx';
import { HoldPanel } from './hold-panel.tsx';
import { Legend } from './legend.tsx';
import { ListView } from './list-view.tsx';
import { MapView } from './map-view.tsx';
import { Notices } from './notices.tsx';
import { spokenWords } from './seat-words.ts';

type PageProps = {
  readonly state: BookingState;
  readonly driver: BookingDriver;
  readonly say: Say;
  readonly language: Language;
  readonly room: string | null;
  readonly problems: Readonly<Record<string, string>>;
};
const SESSION_LOW_MS = 3 * 60_000;
const IDLE_LOW_MS = 90_000;

export function SeatsPage(props: PageProps) {
  const { mode } = props.state;
  const title = props.say(mode === 'checkout' ? 'pay.title' : mode === 'held' ? 'seats.held' : mode === 'ended' ? 'seats.ended' : 'seats.title');
  useEffect(() => void (document.title = `${title} · ${props.say('shell.brand')}`), [title]);
  return (
    <>
      <Scene {...props} />
      <p class="unseen" role="status">
        {spokenWords(props.state, props.say, props.language)}
      </p>
    </>
  );
}

function Scene(props: PageProps) {
  const { state, say, room } = props;
  switch (state.mode) {
    case 'loading':
      return (
        <p class="loading wide" role="status">
          {say('shell.loading')}
        </p>
      );
    case 'no-session':
    case 'ended': {
      const key = state.mode === 'ended' ? 'seats.ended' : 'seats.no-session';
      return (
        <section class="card narrow center-card">
          <Heading level={1}>{say(key)}</Heading>
          <p class="lead">{say(`${key}-lead`)}</p>
          <p class="row row-center">
            {room === null ? null : (
              <a class="button button-primary" href={`/rooms/${room}`}>
                {say('seats.to-room')}
              </a>
            )}
            <a class="button" href="/me">
              {say('shell.my-tickets')}
            </a>
          </p>
        </section>
      );
    }
    case 'away':
      return (
        <section class="card narrow center-card">
          <h1>{say('seats.away')}</h1>
          <button type="button" class="button" onClick={() => location.reload()}>
            {say('shell.retry')}
          </button>
        </section>
      );
    case 'checkout':
      return <Checkout {...props} />;
    default:
      return <Choosing {...props} />;
  }
}

function Choosing(props: PageProps) {
  const { state, say } = props;
  const [view, setView] = useState<'map' | 'list'>('map');
  const [grade, setGrade] = useState<number | null>(null);
  const shared = { ...props, grade };
  const soldOut = state.counts?.free === 0 && state.held === null;
  return (
    <div class="booking">
      <Head {...props} />
      <div class="booking-hall">
        <div class="tabs" role="group" aria-label={say('seats.views')}>
          {(['map', 'list'] as const).map((name) => (
            <button type="button" key={name} class="tab" aria-pressed={view === name} onClick={() => setView(name)}>
              {say(`seats.${name}`)}
            </button>
          ))}
        </div>
        {state.hall?.layout.salesOpen === false ? <p class="note note-warn">{say('seats.closed')}</p> : null}
        <IdleWarning {...props} />
        {soldOut ? (
          <p class="note note-warn" role="status">
            <strong>{say('seats.sold-out')}</strong> {say('seats.sold-out-lead')}
          </p>
        ) : null}
        <MapView {...shared} hidden={view !== 'map'} />
        {view === 'list' ? <ListView {...shared} /> : null}
        <Legend {...shared} onGrade={setGrade} />
      </div>
      <div class="booking-side">
        <Notices {...shared} />
        {state.mode === 'held' ? <HoldPanel {...shared} /> : <Basket {...shared} />}
        {state.mode === 'choosing' && state.chosen.length === 0 ? <BestAvailable {...shared} /> : null}
        <LeaveSession {...props} />
      </div>
      <ActionBar {...shared} />
    </div>
  );
}

/** Its figure moves every second, so it is no live text; that it is there is said once. */
function IdleWarning({ state, say }: PageProps) {
  const left = idleLeft(state, performance.now());
  if (left === null || left > IDLE_LOW_MS) return null;
  return (
    <p class="note note-warn">
      <span role="status">{say('seats.idle-low')}</span> <strong aria-hidden="true">{clockText(left)}</strong>
    </p>
  );
}

function Head({ state, say, language }: PageProps) {
  const left = Math.max(0, (state.session?.until ?? 0) - performance.now());
  const layout = state.hall?.layout;
  return (
    <div class="booking-head">
      <div>
        <h1>{layout?.event[language] ?? say('seats.title')}</h1>
        {layout === undefined ? null : (
          <p class="muted small when-where">
            <span>
              <span>{formatDate(layout.startsAt, language)}</span> <span>{layout.venue[language]}</span>
            </span>
          </p>
        )}
      </div>
      <div class="booking-clock">
        <p class={`session-left${left < SESSION_LOW_MS ? ' session-low' : ''}`}>
          <span class="small">{say('seats.session-left')}</span> <strong translate={false}>{clockText(left)}</strong>
        </p>
        <p class={`link link-${state.link}`}>{say(`seats.link-${state.link}`)}</p>
        {left < SESSION_LOW_MS ? (
          <p class="unseen" role="status">
            {say('seats.session-low')}
          </p>
        ) : null}
      </div>
    </div>
  );
}

function Checkout({ state, driver, say, language, problems }: PageProps) {
  const { held } = state;
  if (held === null) return null;
  const left = Math.max(0, held.until - performance.now());
  return (
    <div class="narrow checkout">
      <button type="button" class="button button-quiet" onClick={() => driver.go('held')}>
        ← {say('pay.back-to-seats')}
      </button>
      <Heading level={1}>{say('pay.title')}</Heading>
      <Notices state={state} driver={driver} say={say} language={language} problems={problems} grade={null} />
      <section class="card">
        <p class={`clock${left < 60_000 ? ' clock-low' : ''}`} role="timer" aria-live="off">
          <span class="clock-label">{say('pay.time-left')}</span> <span class="clock-figure" translate={false}>{clockText(left)}</span>
        </p>
        <SeatTable seats={held.seats} amount={held.amount} currency={held.currency} language={language} say={say} totalLabel={say('seats.total')} />
        <CheckoutForm
          say={say}
          withBuyer
          draft={driver.buyer}
          onDraft={(buyer) => driver.keepBuyer(buyer)}
          busy={state.busy !== null}
          label={say('pay.pay', { amount: formatMoney(held.amount, held.currency, language) })}
          onPay={(buyer) => void driver.pay(buyer)}
        />
      </section>
    </div>
  );
}

function LeaveSession({ state, driver, say }: PageProps) {
  return (
    <p class="leave-session">
      <Question
        look="button-quiet"
        label={say('seats.leave')}
        question={say('seats.leave-sure')}
        yes={say('seats.leave-yes')}
        no={say('shell.back')}
        busy={state.busy !== null}
        onYes={() => void driver.leave()}
      />
    </p>
  );
}
