import { isProblemCode, problems, type BilingualText, type Language, type PlaceReply } from '@onsale/contract';
import type { PageAssets } from '../gateway/assets.ts';
import { waitWords } from '../pages/queue/page-state/wait-words.ts';
import { speak, type Say } from '../texts/catalogue.ts';
import { html, type Html } from './escape.ts';
import { shellPage } from './shell.ts';

export type PlainPlace = {
  readonly room: string;
  readonly name: BilingualText | null;
  readonly me: PlaceReply | null;
  /** Why the last press or question was refused. */
  readonly code: string | null;
  readonly renewSeconds: number;
  /** The fan has pressed what cannot be taken back, and is asked first. */
  readonly asked: 'leave' | null;
};

/** States in which nothing will change by waiting. */
const AT_REST: readonly PlaceReply['state'][] = ['finished', 'left', 'lapsed', 'redeemed'];

export function plainRoomPage(language: Language, assets: PageAssets, place: PlainPlace): string {
  const say = speak(language);
  const name = place.name?.[language] ?? say('queue.title');
  // Without a place nothing is renewed: the page waits for a press.
  const renews = place.me !== null && !AT_REST.includes(place.me.state) && place.asked === null;
  const body = html`<div class="narrow">
    <p class="eyebrow">${say('queue.title')}</p>
    <h1>${name}</h1>
    ${place.code !== null && isProblemCode(place.code) ? html`<p class="note note-warn" role="status">${problems[place.code][language]}</p>` : null}
    <section class="card scene">${content(place, say, language)}</section>
    ${renews ? renewing(place, say) : null}
  </div>`;
  return shellPage({
    language,
    title: name,
    page: 'plain',
    assets,
    keepQuery: 'plain=1',
    head: renews ? html`<meta http-equiv="refresh" content="${place.renewSeconds};url=/rooms/${place.room}?plain=1" />` : html``,
    body,
  });
}

function content({ room, me, asked }: PlainPlace, say: Say, language: Language): Html {
  if (me === null) return join(room, say);
  return asked === 'leave' ? question(room, say) : scene(room, me, say, language);
}

const form = (room: string, action: string, label: string, look = 'button-primary button-large'): Html =>
  html`<form method="post" action="/rooms/${room}/${action}"><button class="button ${look}">${label}</button></form>`;
const join = (room: string, say: Say): Html => form(room, 'join', say('queue.join'));
/** Leaving asks first, and the answer that changes nothing comes first. */
const question = (room: string, say: Say): Html =>
  html`<h2>${say('queue.leave-sure')}</h2>
    <div class="plain-actions">
      <a class="button" href="/rooms/${room}?plain=1">${say('queue.leave-no')}</a>
      ${form(room, 'leave', say('queue.leave-yes'), 'button-danger')}
    </div>`;
const words = (title: string, lead: string): Html =>
  html`<h2>${title}</h2>
    <p class="lead">${lead}</p>`;

function scene(room: string, me: PlaceReply, say: Say, language: Language): Html {
  const leave = html`<div class="plain-actions"><a class="button button-quiet" href="/rooms/${room}?plain=1&amp;ask=leave">${say('queue.leave')}</a></div>`;
  switch (me.state) {
    case 'called':
      return html`${words(say('queue.called'), say('queue.called-lead'))}${form(room, 'enter', say('queue.enter'), 'button-turn')}
        <p class="clock">${say('queue.time-left')} ${say('queue.seconds', { seconds: Math.ceil((me.remainingMs ?? 0) / 1_000) })}</p>
        ${leave}`;
    case 'entered':
      return html`${words(say('queue.entered'), say('queue.entered-lead'))}${form(room, 'enter', say('queue.continue'))}`;
    case 'absent':
      return me.needsReturn
        ? html`${words(say('queue.missed'), say('queue.missed-lead'))}${form(room, 'return', say('queue.back'))}${leave}`
        : html`${words(say('queue.absent'), say('queue.absent-lead'))}${leave}`;
    case 'lobby':
      return html`${words(say('queue.lobby'), say('queue.lobby-lead'))}${leave}`;
    case 'redeemed':
      return html`${words(say('queue.inside'), say('queue.inside-lead'))}${form(room, 'enter', say('queue.continue'))}`;
    case 'finished':
    case 'left':
    case 'lapsed':
      return html`${words(say(`queue.${me.state}`), say(`queue.${me.state}-lead`))}${form(room, 'join', say('queue.join-again'))}`;
    case 'waiting':
      if (me.phase === 'closed') return html`${words(say('queue.closed'), say('queue.closed-lead'))}${leave}`;
      return html`${headline(me, say, language)}${figures(me, say, language)}${reason(me, say)}${leave}`;
  }
}

const reason = (me: PlaceReply, say: Say): Html | null => (me.reason === null ? null : html`<p class="note">${say(`reason.${me.reason}`)}</p>`);

const renewing = ({ room, renewSeconds }: PlainPlace, say: Say): Html =>
  html`<p class="muted small center-text">
    ${say('queue.plain-refresh', { seconds: renewSeconds })} <a href="/rooms/${room}?plain=1">${say('queue.plain-now')}</a>
  </p>`;

function headline(me: PlaceReply, say: Say, language: Language): Html {
  if (me.position === null) return words(say('queue.drawing'), say('queue.drawing-lead'));
  const ahead = me.position - 1;
  if (ahead === 0) return words(say('queue.ahead-none'), say('queue.ahead-none-lead'));
  return html`<p class="headline">
    <span class="headline-count">${ahead.toLocaleString(language)}</span>
    <span class="headline-words">${say(ahead === 1 ? 'queue.ahead-one' : 'queue.ahead')}</span>
  </p>`;
}

function figures(me: PlaceReply, say: Say, language: Language): Html {
  return html`<dl class="figures">
    <div>
      <dt>${say('queue.wait')}</dt>
      <dd class="figure">${wait(me, say)}</dd>
    </div>
    <div>
      <dt>${say('queue.place-number')}</dt>
      <dd class="figure">${(me.place % 2 ** 32).toLocaleString(language)}</dd>
    </div>
  </dl>`;
}

function wait(me: PlaceReply, say: Say): string {
  if (me.waitBand === null) return say('queue.wait-unknown');
  const band = waitWords(me.waitBand);
  switch (band.kind) {
    case 'soon':
      return say('queue.wait-soon');
    case 'long':
      return say('queue.wait-long', { low: band.low });
    case 'up-to':
      return say('queue.wait-up-to', { high: band.high, unit: say(`queue.${band.unit}`) });
    case 'band':
      return say('queue.wait-band', { low: band.low, high: band.high, unit: say(`queue.${band.unit}`) });
  }
}
