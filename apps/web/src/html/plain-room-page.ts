import type { BilingualText, Language, PlaceReply } from '@onsale/contract';
import type { PageAssets } from '../gateway/assets.ts';
import { waitWords } from '../pages/queue/page-state/wait-words.ts';
import { speak, type Say } from '../texts/catalogue.ts';
import { html, type Html } from './escape.ts';
import { plainQuestion, problemNote } from './plain-parts.ts';
import { shellPage } from './shell.ts';

export type PlainPlace = {
  readonly room: string;
  readonly name: BilingualText | null;
  /** Null unless `state` is `known`. */
  readonly me: PlaceReply | null;
  /** `none`: no place yet. `away`: it cannot be said now whether there is one. `no-cookies`: none could be kept. */
  readonly state: 'known' | 'none' | 'away' | 'no-cookies';
  /** Why the last press or question was refused. */
  readonly code: string | null;
  /** Null: the page waits for a press. */
  readonly renewSeconds: number | null;
  /** The shows that open to whoever has entered. */
  readonly shows: readonly string[];
  /** The fan has pressed Leave and is asked whether that was meant. */
  readonly asksToLeave: boolean;
  /** False where paying needs the provider's script: said before the turn is spent. */
  readonly paysHere: boolean;
};

/** States in which nothing will change by waiting. */
const AT_REST: readonly PlaceReply['state'][] = ['finished', 'left', 'lapsed', 'redeemed'];

export function plainRoomPage(language: Language, assets: PageAssets, place: PlainPlace): string {
  const say = speak(language);
  const name = place.name?.[language] ?? say('queue.title');
  const isAtRest = place.me !== null && AT_REST.includes(place.me.state);
  const renewSeconds = isAtRest || place.asksToLeave ? null : place.renewSeconds;
  const body = html`<div class="narrow">
    <p class="eyebrow">${say('queue.title')}</p>
    <h1>${name}</h1>
    ${problemNote(place.code, language)}
    <section class="card scene">${sceneOf(place, say, language)}</section>
    ${renewSeconds === null ? null : renewing(place.room, renewSeconds, say)}
  </div>`;
  return shellPage({
    language,
    title: name,
    page: 'plain',
    assets,
    keepQuery: 'plain=1',
    head: renewSeconds === null ? html`` : html`<meta http-equiv="refresh" content="${renewSeconds};url=/rooms/${place.room}?plain=1" />`,
    body,
  });
}

function sceneOf(place: PlainPlace, say: Say, language: Language): Html {
  const { room, me } = place;
  if (place.state === 'no-cookies')
    return html`${words(say('queue.refused'), say('queue.no-cookies'))}
      <a class="button button-primary" href="/rooms/${room}?plain=1">${say('shell.retry')}</a>`;
  if (place.state === 'away') return words(say('plain.away'), say('plain.away-lead'));
  const paying = place.paysHere ? null : html`<p class="note">${say('plain.no-pay')}</p>`;
  if (me === null) return html`${paying}${join(room, say)}`;
  if (place.asksToLeave && !AT_REST.includes(me.state))
    return plainQuestion({
      title: say('queue.leave'),
      lead: say('queue.leave-sure'),
      action: `/rooms/${room}/leave`,
      yes: say('queue.leave-yes'),
      no: say('queue.leave-no'),
      back: `/rooms/${room}?plain=1`,
    });
  return html`${paying}${scene(place, me, say, language)}`;
}

const form = (room: string, action: string, label: string, look = 'button-primary button-large'): Html =>
  html`<form method="post" action="/rooms/${room}/${action}"><button class="button ${look}">${label}</button></form>`;
const join = (room: string, say: Say): Html => form(room, 'join', say('queue.join'));
const words = (title: string, lead: string): Html =>
  html`<h2>${title}</h2>
    <p class="lead">${lead}</p>`;

function scene({ room, shows }: PlainPlace, me: PlaceReply, say: Say, language: Language): Html {
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
      return html`${words(say('queue.inside'), say('queue.inside-lead'))}
      ${shows.length > 1 ? shows.map(wayIn) : form(room, 'enter', say('queue.continue'))}`;
    case 'finished':
    case 'left':
    case 'lapsed':
      return html`${words(say(`queue.${me.state}`), say(`queue.${me.state}-lead`))}${form(room, 'join', say('queue.join-again'))}`;
    case 'waiting':
      if (me.phase === 'closed') return html`${words(say('queue.closed'), say('queue.closed-lead'))}${leave}`;
      return html`${headline(me, say, language)}${figures(me, say, language)}${reason(me, say)}${leave}`;
  }
}

const wayIn = (show: string): Html => html`<a class="button button-primary" href="/shows/${show}?plain=1">${show}</a>`;
const reason = (me: PlaceReply, say: Say): Html | null => (me.reason === null ? null : html`<p class="note">${say(`reason.${me.reason}`)}</p>`);

const renewing = (room: string, seconds: number, say: Say): Html =>
  html`<p class="muted small center-text">${say('plain.refresh', { seconds })} <a href="/rooms/${room}?plain=1">${say('plain.now')}</a></p>`;

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
