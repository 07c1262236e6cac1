import type { Language, OrderReply, OrderSummary, TicketReply } from '@onsale/contract';
import type { PageAssets } from '../gateway/assets.ts';
import type { Elsewhere } from '../pages/order/page-state/order-state.ts';
import { qrPath } from '../pages/order/page-state/qr-path.ts';
import { speak, type Say } from '../texts/catalogue.ts';
import { formatDate, formatMoney } from '../texts/formats.ts';
import { html, type Html } from './escape.ts';
import { plainBill, plainQuestion, plainShell } from './plain-parts.ts';

export type PlainOrder = {
  readonly id: string;
  /** Null: not this browser's, or not to be had now. */
  readonly order: OrderReply | null;
  readonly isAway: boolean;
  readonly said: string | null;
  /** The fan has pressed Cancel and is asked whether that was meant. */
  readonly asks: boolean;
  readonly paysHere: boolean;
};
const RENEW_SECONDS = { checking: 5, away: 10, confirming: 3 };

export function plainOrderPage(language: Language, assets: PageAssets, page: PlainOrder): string {
  const say = speak(language);
  const { order, id } = page;
  const refused = `${say('pay.refused')}. ${say('pay.refused-lead')}`;
  const words = { cancelled: say('pay.cancelled'), refused, 'payment-refused': refused };
  const seconds = order?.state === 'confirming' ? RENEW_SECONDS.checking : page.isAway ? RENEW_SECONDS.away : null;
  return plainShell({
    language,
    assets,
    title: say('order.title'),
    said: page.said,
    words,
    ...(seconds === null ? {} : { renew: { seconds, address: `/orders/${id}?plain=1` } }),
    body: sceneOf(page, say, language),
  });
}

const toMine = (say: Say): Html => html`<a class="button" href="/me?plain=1">${say('shell.my-tickets')}</a>`;
const told = (title: string, lead: string, more: Html | null): Html =>
  html`<section class="card scene">
    <h1>${title}</h1>
    <p class="lead">${lead}</p>
    ${more}
  </section>`;

function sceneOf({ order, id, isAway, asks, paysHere }: PlainOrder, say: Say, language: Language): Html {
  if (order === null && isAway) return told(say('order.title'), say('me.unknown'), toMine(say));
  if (order === null) return told(say('order.not-here'), say('order.not-here-lead'), null);
  switch (order.state) {
    case 'open':
    case 'paying':
      if (order.remainingMs === 0) return told(say('order.expired'), say('order.expired-lead'), toMine(say));
      if (asks)
        return html`<section class="card scene">${plainQuestion({
          title: say('order.cancel'),
          lead: say('order.cancel-sure'),
          action: `/orders/${id}/cancel`,
          yes: say('order.cancel-yes'),
          no: say('order.cancel-no'),
          back: `/orders/${id}?plain=1`,
        })}</section>`;
      return paying(order, paysHere, say, language);
    case 'confirming':
      return told(say('pay.checking'), say('pay.checking-lead'), plainBill(order, say('order.total'), say, language));
    case 'awaiting-deposit':
      return told(say('order.deposit'), say('order.deposit-lead'), toMine(say));
    case 'paid':
      return tickets(order, say, language);
    default:
      return told(say(`order.${order.state}`), say(`order.${order.state}-lead`), toMine(say));
  }
}

function paying(order: OrderReply, paysHere: boolean, say: Say, language: Language): Html {
  const minutes = Math.floor((order.remainingMs ?? 0) / 60_000);
  const amount = formatMoney(order.amount, order.currency, language);
  return html`<h1>${say('pay.title')}</h1>
    <section class="card">
      <p>${say('pay.time-left')}: <strong>${say('plain.minutes', { minutes })}</strong></p>
      <h2>${order.event[language]}</h2>
      <p class="muted small">${formatDate(order.startsAt, language)} · ${order.venue[language]}</p>
      ${plainBill(order, say('order.total'), say, language)}
      ${
        paysHere
          ? html`<form method="post" action="/orders/${order.id}/pay">
              <button class="button button-primary button-large button-block">${say('pay.pay', { amount })}</button>
            </form>`
          : html`<p class="note note-warn">${say('plain.no-window')}</p>`
      }
    </section>
    <p class="center-text"><a class="button button-quiet" href="/orders/${order.id}?plain=1&amp;ask=cancel">${say('order.cancel')}</a></p>`;
}

function tickets(order: OrderReply, say: Say, language: Language): Html {
  return html`<div class="no-print">
      <h1>${say('order.paid')}</h1>
      <p class="lead">${say('order.paid-lead')}</p>
    </div>
    ${order.tickets.map((ticket, at) => ticketCard(ticket, order, say('ticket.of', { index: at + 1, count: order.tickets.length }), say, language))}
    <p class="center-text no-print"><a class="button" href="/me?plain=1">${say('shell.my-tickets')}</a></p>`;
}

function ticketCard({ seat, credential, state, id }: TicketReply, order: OrderReply, place: string, say: Say, language: Language): Html {
  const { path, size } = qrPath(credential);
  const facts = [
    [say('ticket.section'), seat.section],
    [say('ticket.row'), seat.row],
    [say('ticket.seat'), seat.label],
    [say('ticket.grade'), seat.grade],
  ] as const;
  return html`<article class="ticket ticket-${state}" aria-label="${say('ticket.title')} ${place}">
    <div class="ticket-head">
      <h2>${order.event[language]}</h2>
      <p>${formatDate(order.startsAt, language)}<br />${order.venue[language]}</p>
    </div>
    <dl class="ticket-seat">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    <div class="ticket-code">
      <svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="${say('ticket.qr')}" shape-rendering="crispEdges">
        <rect width="${size}" height="${size}" fill="#ffffff" />
        <path d="${path}" fill="#000000" />
      </svg>
      <p class="small"><strong>${say(`ticket.${state}`)}</strong> · ${place}<br /><span class="ticket-id">${say('ticket.number')} ${id.slice(0, 10)}</span></p>
    </div>
  </article>`;
}

/** The payment came back to a browser that does not own the order. */
export function plainElsewherePage(language: Language, assets: PageAssets, word: Elsewhere): string {
  const say = speak(language);
  return plainShell({ language, assets, title: say('order.title'), body: told(say(`order.elsewhere-${word}`), say(`order.elsewhere-${word}-lead`), null) });
}

/** The proof of the payment could not be handed over yet: the page asks for `address` again. */
export function plainConfirmingPage(language: Language, assets: PageAssets, address: string): string {
  const say = speak(language);
  const body = told(say('pay.confirming'), say('plain.confirming-lead'), null);
  return plainShell({ language, assets, title: say('order.title'), renew: { seconds: RENEW_SECONDS.confirming, address }, body });
}

export function plainMinePage(language: Language, assets: PageAssets, orders: readonly OrderSummary[], isKnown: boolean): string {
  const say = speak(language);
  const seatsOf = ({ seats }: OrderSummary): string => seats.map(({ section, row, label }) => `${section} ${row}-${label}`).join(', ');
  const line = (order: OrderSummary): Html =>
    html`<li>
      <a class="card order-line" href="/orders/${order.id}?plain=1">
        <span><strong>${order.event[language]}</strong><br />
          <span class="muted small">${formatDate(order.startsAt, language)}<br />${seatsOf(order)}</span></span>
        <span class="order-state"><span class="phase order-${order.state}">${say(`me.state-${order.state}`)}</span><br />
          <span class="figures-right">${formatMoney(order.amount, order.currency, language)}</span></span>
      </a>
    </li>`;
  const none = html`<div class="card"><p>${say(isKnown ? 'me.empty' : 'me.unknown')}</p><a class="button" href="/">${say('me.browse')}</a></div>`;
  const body = html`<h1>${say('me.title')}</h1>
    <p class="lead">${say('me.lead')}</p>
    ${orders.length === 0 ? none : html`<ul class="orders">${orders.map(line)}</ul>`}`;
  return plainShell({ language, assets, title: say('me.title'), body });
}
