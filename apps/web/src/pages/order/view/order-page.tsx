import type { Language } from '@onsale/contract';
import { useEffect } from 'preact/hooks';
import { formatDate, formatMoney } from '../../../texts/formats.ts';
import { CheckoutForm } from '../../pay/checkout-form.tsx';
import { SeatTable } from '../../pay/seat-table.tsx';
import { clockText } from '../../shared/page-state/countdown.ts';
import type { Say } from '../../shared/page-data.ts';
import { Heading } from '../../shared/heading.tsx';
import { Question } from '../../shared/question.tsx';
import type { OrderDriver } from '../driver.ts';
import { refusalOf, remainingOf, sceneOf, type OrderState } from '../page-state/order-state.ts';
import { Tickets } from './tickets.tsx';

export type OrderProps = {
  readonly state: OrderState;
  readonly driver: OrderDriver;
  readonly say: Say;
  readonly language: Language;
  readonly problems: Readonly<Record<string, string>>;
};
type Order = NonNullable<OrderState['order']>;

export function OrderPage(props: OrderProps) {
  const title = titleOf(sceneOf(props.state, performance.now()), props.say);
  useEffect(() => void (document.title = `${title} · ${props.say('shell.brand')}`), [title]);
  return <Scene {...props} />;
}

function titleOf(scene: ReturnType<typeof sceneOf>, say: Say): string {
  switch (scene) {
    case 'loading':
    case 'elsewhere':
      return say('order.title');
    case 'confirming':
      return say('pay.confirming');
    case 'pay':
      return say('pay.title');
    case 'checking':
      return say('pay.checking');
    case 'tickets':
      return say('order.paid');
    default:
      return say(`order.${scene}`);
  }
}

function Scene(props: OrderProps) {
  const { state, say } = props;
  const scene = sceneOf(state, performance.now());
  switch (scene) {
    case 'loading':
      return (
        <Waiting title={say('order.title')} words={state.problem === null ? say('shell.loading') : (props.problems[state.problem] ?? say('shell.offline'))} />
      );
    case 'confirming':
      return <Waiting title={say('pay.confirming')} words={say('pay.title')} />;
    case 'not-here':
      return <Told title={say('order.not-here')} lead={say('order.not-here-lead')} say={say} isHere={false} />;
    case 'elsewhere': {
      const word = state.elsewhere ?? 'checking';
      return <Told title={say(`order.elsewhere-${word}`)} lead={say(`order.elsewhere-${word}-lead`)} say={say} isHere={false} />;
    }
    case 'tickets':
      return <Tickets order={state.order as Order} say={say} language={props.language} />;
    case 'pay':
      return <Pay {...props} order={state.order as Order} />;
    case 'checking':
      return (
        <div class="narrow">
          <section class="card told" aria-live="polite">
            <p class="loading">{say('pay.checking')}</p>
            <p class="lead">{say('pay.checking-lead')}</p>
            <Bill {...props} order={state.order as Order} />
          </section>
        </div>
      );
    default:
      return <Told title={say(`order.${scene}`)} lead={say(`order.${scene}-lead`)} say={say} />;
  }
}

function Waiting({ title, words }: { readonly title: string; readonly words: string }) {
  return (
    <div class="narrow">
      <h1>{title}</h1>
      <p class="loading" role="status">
        {words}
      </p>
    </div>
  );
}

/** `isHere`: the order is this browser's, so My tickets leads on; elsewhere it would only lead to other orders, or none. */
function Told({ title, lead, say, isHere = true }: { readonly title: string; readonly lead: string; readonly say: Say; readonly isHere?: boolean }) {
  return (
    <section class="card narrow told" aria-live="polite">
      <Heading level={1}>{title}</Heading>
      <p class="lead">{lead}</p>
      {isHere ? (
        <a class="button" href="/me">
          {say('shell.my-tickets')}
        </a>
      ) : null}
    </section>
  );
}

function Bill({ order, say, language }: { readonly order: Order; readonly say: Say; readonly language: Language }) {
  return (
    <>
      <h2>{order.event[language]}</h2>
      <p class="muted small">
        {formatDate(order.startsAt, language)} · {order.venue[language]}
      </p>
      <SeatTable seats={order.seats} amount={order.amount} currency={order.currency} language={language} say={say} totalLabel={say('order.total')} />
    </>
  );
}

function Pay(props: OrderProps & { readonly order: Order }) {
  const { state, driver, say, language, order, problems } = props;
  const left = remainingOf(state, performance.now());
  const refusal = refusalOf(state);
  const amount = formatMoney(order.amount, order.currency, language);
  return (
    <div class="narrow checkout">
      <Heading level={1}>{say('pay.title')}</Heading>
      {refusal === null ? null : <Refusal kind={refusal.kind} reason={refusal.reason} say={say} />}
      {state.problem === null ? null : (
        <p class="note note-bad" role="alert">
          {problems[state.problem] ?? say('shell.offline')}
        </p>
      )}
      <section class="card">
        {left === null ? null : (
          <p class={`clock${left < 60_000 ? ' clock-low' : ''}`} role="timer" aria-live="off">
            <span class="clock-label">{say('pay.time-left')}</span> <span class="clock-figure" translate={false}>{clockText(left)}</span>
          </p>
        )}
        {order.state === 'paying' ? <p class="muted small center-text">{say('pay.lengthened')}</p> : null}
        <Bill {...props} />
        <CheckoutForm
          say={say}
          withBuyer={false}
          busy={state.busy !== null}
          label={say(refusal === null ? 'pay.pay' : 'pay.again', { amount })}
          onPay={() => void driver.pay()}
        />
      </section>
      <CancelOrder say={say} busy={state.busy !== null} onCancel={() => void driver.cancel()} />
    </div>
  );
}

function Refusal({
  kind,
  reason,
  say,
}: {
  readonly kind: NonNullable<ReturnType<typeof refusalOf>>['kind'];
  readonly reason: string | null;
  readonly say: Say;
}) {
  if (kind !== 'refused')
    return (
      <p class="note note-warn" role="alert">
        {say(kind === 'other-window' ? 'pay.other-window' : `pay.${kind}`)}
      </p>
    );
  return (
    <div class="note note-bad" role="alert">
      <strong>{say('pay.refused')}</strong>
      {reason === null || reason === '' ? null : <p>“{reason}”</p>}
      <p>{say('pay.refused-lead')}</p>
    </div>
  );
}

function CancelOrder({ say, busy, onCancel }: { readonly say: Say; readonly busy: boolean; readonly onCancel: () => void }) {
  return (
    <p class="row-center row">
      <Question
        look="button-quiet"
        label={say('order.cancel')}
        question={say('order.cancel-sure')}
        yes={say('order.cancel-yes')}
        no={say('order.cancel-no')}
        busy={busy}
        onYes={onCancel}
      />
    </p>
  );
}
