import type { Language, RoomReply } from '@onsale/contract';
import type { PageAssets } from '../gateway/assets.ts';
import type { OnSale, ShowFacts } from '../gateway/on-sale.ts';
import { speak, textsOf } from '../texts/catalogue.ts';
import { html, type Html } from './escape.ts';
import { formatDate, formatMoney } from '../texts/formats.ts';
import { shellPage } from './shell.ts';

/** A thing on sale with what the apps say about it now; null where they are away. */
export type OnSaleFacts = { readonly item: OnSale; readonly room: RoomReply | null; readonly show: ShowFacts | null };

export function homePage(language: Language, assets: PageAssets, facts: readonly OnSaleFacts[]): string {
  const say = speak(language);
  const cards = facts.map(({ item, room, show }) => {
    const name = show?.event[language] ?? room?.name[language] ?? item.event;
    return html`<li class="card event-card">
      <a href="/events/${item.event}">
        ${poster(item.event)}
        <div class="event-card-text">
          <p class="phase phase-${room?.phase ?? 'unknown'}">${room === null ? say('home.away') : say(`phase.${room.phase}`)}</p>
          <h2>${name}</h2>
          ${show === null ? null : html`<p class="muted">${formatDate(show.startsAt, language)}<br />${show.venue[language]}</p>`}
          <span class="button button-primary">${say('home.see')}</span>
        </div></a
      >
    </li>`;
  });
  const body = html`<div class="wide">
    <h1>${say('home.title')}</h1>
    <p class="lead">${say('home.lead')}</p>
    ${
      cards.length === 0
        ? html`<p class="card">${say('home.empty')}</p>`
        : html`<ul class="event-list">
            ${cards}
          </ul>`
    }
  </div>`;
  return shellPage({ language, title: say('home.title'), description: say('home.lead'), page: 'home', assets, scripted: false, body });
}

export function eventPage(language: Language, assets: PageAssets, facts: OnSaleFacts): string {
  const say = speak(language);
  const { item, room, show } = facts;
  const name = show?.event[language] ?? room?.name[language] ?? item.event;
  const body = html`<div class="wide event">
    <section class="event-head">
      ${poster(item.event)}
      <div>
        <p class="phase phase-${room?.phase ?? 'unknown'}">${room === null ? say('home.away') : say(`phase.${room.phase}`)}</p>
        <h1>${name}</h1>
        ${
          show === null
            ? null
            : html`<dl class="facts">
                <dt>${say('event.when')}</dt>
                <dd>${formatDate(show.startsAt, language)}</dd>
                <dt>${say('event.where')}</dt>
                <dd>${show.venue[language]} · ${say('event.seats', { seats: show.seats.toLocaleString(language) })}</dd>
              </dl>`
        }
        <div id="event-sale" class="event-sale">${sale(language, item, room)}</div>
      </div>
    </section>
    ${show === null ? null : priceList(language, show)}
    <section class="how">
      <h2>${say('event.how')}</h2>
      <ol class="steps">
        <li>
          <h3>${say('event.how-1-title')}</h3>
          <p>${say('event.how-1')}</p>
        </li>
        <li>
          <h3>${say('event.how-2-title')}</h3>
          <p>${say('event.how-2')}</p>
        </li>
        <li>
          <h3>${say('event.how-3-title')}</h3>
          <p>${say('event.how-3')}</p>
        </li>
      </ol>
    </section>
  </div>`;
  return shellPage({
    language,
    title: name,
    page: 'event',
    assets,
    data: { language, room: item.room, opensInMs: room?.opensInMs ?? null, phase: room?.phase ?? null, texts: textsOf(language, ['event']) },
    body,
  });
}

function sale(language: Language, item: OnSale, room: RoomReply | null): Html {
  const say = speak(language);
  // Nobody can join any more, and a button would only lead to that news.
  if (room?.phase === 'closed') return html`<a class="button button-large" href="/me">${say('shell.my-tickets')}</a>`;
  const open = room?.phase === 'open';
  return html`<p class="event-clock" data-clock></p>
    <a class="button button-primary button-large" href="/rooms/${item.room}">${open ? say('event.enter-line') : say('event.to-room')}</a>
    ${open ? html`<p class="muted">${inLine(language, room.present)}</p>` : null}`;
}

function inLine(language: Language, present: number): string {
  const say = speak(language);
  return present === 0 ? say('event.nobody-in-line') : say('event.in-line', { count: present.toLocaleString(language) });
}

function priceList(language: Language, show: ShowFacts): Html {
  const say = speak(language);
  return html`<section>
    <h2>${say('event.prices')}</h2>
    <ul class="prices">
      ${show.grades.map(
        (grade) =>
          html`<li class="card">
            <span class="price-name">${grade.name[language]}</span><strong>${formatMoney(grade.price, show.currency, language)}</strong>
            ${grade.fee > 0 ? html`<span class="muted small">${say('event.fee', { fee: formatMoney(grade.fee, show.currency, language) })}</span>` : null}
          </li>`,
      )}
    </ul>
  </section>`;
}

/** A generated poster: concentric sound waves, tinted by the event's name. No file to load. */
function poster(seed: string): Html {
  let hue = 0;
  for (const character of seed) hue = (hue * 31 + character.charCodeAt(0)) % 12;
  const rings = Array.from({ length: 9 }, (_, index) => `<circle cx="150" cy="205" r="${24 + index * 24}" class="ring ring-${index}"/>`).join('');
  return {
    html: `<svg class="poster poster-${hue}" viewBox="0 0 300 260" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
<rect width="300" height="260" class="poster-ground"/>${rings}<circle cx="150" cy="205" r="10" class="poster-dot"/></svg>`,
  };
}

export function notFoundPage(language: Language, assets: PageAssets): string {
  const say = speak(language);
  const body = html`<div class="narrow center">
    <p class="big-number" aria-hidden="true">404</p>
    <h1>${say('lost.title')}</h1>
    <p class="lead">${say('lost.lead')}</p>
    <a class="button button-primary" href="/">${say('lost.home')}</a>
  </div>`;
  return shellPage({ language, title: say('lost.title'), page: 'lost', assets, scripted: false, body });
}

/** Pages whose content the browser builds: a place to stand in, a word while it loads; where scripts are off, the way to their plain twin. */
export function scriptedPage(language: Language, assets: PageAssets, page: string, title: string, data: object, groups: readonly string[]): string {
  const say = speak(language);
  const body = html`<div id="root"><p class="loading" role="status">${say('shell.loading')}</p></div>
    <noscript><p class="card narrow"><a href="?plain=1">${say('shell.no-script')}</a></p></noscript>`;
  const head = html`<noscript><meta http-equiv="refresh" content="0;url=?plain=1" /></noscript>`;
  return shellPage({ language, title, page, assets, data: { language, texts: textsOf(language, ['shell', ...groups]), ...data }, head, body });
}
