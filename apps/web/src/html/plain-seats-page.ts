import type { HoldReply, Language, Row, Section, SessionReply } from '@onsale/contract';
import type { PageAssets } from '../gateway/assets.ts';
import { EMAIL_MAX, NAME_MAX } from '../pages/pay/page-state/buyer.ts';
import type { Hall } from '../pages/seats/page-state/hall.ts';
import { countFree, FREE } from '../pages/seats/page-state/seat-codes.ts';
import { speak, type Say } from '../texts/catalogue.ts';
import { formatDate, formatMoney } from '../texts/formats.ts';
import { html, type Html } from './escape.ts';
import { plainBill, plainQuestion, plainShell } from './plain-parts.ts';

export type PlainSeats = {
  readonly show: string;
  readonly room: string | null;
  readonly hall: Hall;
  /** Null: this browser is not inside. */
  readonly session: SessionReply | null;
  /** All that this fan holds, the newest first; those of other tabs are among them. */
  readonly holds: readonly HoldReply[];
  /** State of every seat; null: not to be had now. */
  readonly codes: Uint8Array | null;
  readonly section: Section | null;
  readonly asks: 'leave' | null;
  /** The hold about which the page asks whether it is to be given back. */
  readonly releases: HoldReply | null;
  /** What the last press was answered: the code of a refusal, or a word of this page. */
  readonly said: string | null;
  readonly paysHere: boolean;
  /** Makes a form that is sent twice the same hold. */
  readonly key: string;
};
type View = PlainSeats & { readonly say: Say; readonly language: Language; readonly here: string };

export function plainSeatsPage(language: Language, assets: PageAssets, page: PlainSeats): string {
  const say = speak(language);
  const view: View = { ...page, say, language, here: `/shows/${page.show}?plain=1` };
  const { layout } = page.hall;
  const words: Readonly<Record<string, string>> = { 'none-chosen': say('plain.none'), 'email-wrong': say('pay.email-wrong') };
  const body = html`<h1>${layout.event[language]}</h1>
    <p class="muted">${formatDate(layout.startsAt, language)} · ${layout.venue[language]}</p>
    ${sceneOf(view)}`;
  return plainShell({ language, assets, title: say('seats.title'), said: page.said, words, body });
}

function sceneOf(view: View): Html {
  const { session, holds, asks, releases, say, here } = view;
  if (session === null) return outside(view);
  const minutes = Math.floor(session.remainingMs / 60_000);
  const left = html`<p class="muted">${say('seats.session-left')}: ${say('plain.minutes', { minutes })}</p>`;
  if (asks === 'leave')
    return html`<section class="card scene">${plainQuestion({
      title: say('seats.leave'),
      lead: say('seats.leave-sure'),
      action: `/shows/${view.show}/leave`,
      yes: say('seats.leave'),
      no: say('queue.leave-no'),
      back: here,
    })}</section>`;
  if (releases !== null)
    return html`<section class="card scene">${plainQuestion({
      title: say('seats.release'),
      lead: `${seatsOf(releases, say)} · ${say('plain.release-sure')}`,
      action: `/shows/${view.show}/release`,
      yes: say('seats.release'),
      no: say('seats.keep-old'),
      back: here,
      fields: { hold: releases.id },
    })}</section>`;
  const stale = html`<p class="note note-warn">${say('seats.link-stale')}</p>`;
  const [hold, ...others] = holds;
  const scene = hold !== undefined ? held(view, hold, others) : view.codes === null ? stale : choosing(view, view.codes, session);
  return html`${left}${scene}<p class="center-text"><a class="button button-quiet" href="${here}&amp;ask=leave">${say('seats.leave')}</a></p>`;
}

const outside = ({ room, said, say }: View): Html =>
  html`<section class="card scene">
    <h2>${say(said === null ? 'seats.ended' : 'seats.no-session')}</h2>
    <p class="lead">${say(said === null ? 'plain.outside' : 'seats.no-session-lead')}</p>
    <p class="row row-center">
      ${room === null ? null : html`<a class="button button-primary" href="/rooms/${room}?plain=1">${say('seats.to-room')}</a>`}
      <a class="button" href="/me?plain=1">${say('shell.my-tickets')}</a>
    </p>
  </section>`;

const releaseOf = ({ here }: View, { id }: HoldReply): string => `${here}&ask=release&hold=${id}`;
const seatsOf = ({ seats }: HoldReply, say: Say): string =>
  seats.map(({ section, row, label }) => say('seats.seat-name', { section, row, seat: label })).join(' · ');

function held(view: View, hold: HoldReply, others: readonly HoldReply[]): Html {
  const { say, language, show } = view;
  const amount = formatMoney(hold.amount, hold.currency, language);
  const minutes = Math.floor(hold.remainingMs / 60_000);
  return html`<section class="card held">
    <h2>${say('seats.held')}</h2>
    <p>${say('seats.hold-left')}: <strong>${say('plain.minutes', { minutes })}</strong></p>
    ${others.map(
      (other) =>
        html`<div class="note note-warn">
          <p>${say('seats.second', { seats: seatsOf(other, say) })}</p>
          <a class="button" href="${releaseOf(view, other)}">${say('seats.second-release')}</a>
        </div>`,
    )}
    ${plainBill(hold, say('seats.total'), say, language)}
    ${
      view.paysHere
        ? html`<form method="post" action="/shows/${show}/order">
            <input type="hidden" name="hold" value="${hold.id}" />
            <p class="muted small">${say('pay.buyer')}: ${say('pay.buyer-lead')}</p>
            <label class="field">
              <span>${say('pay.name')}</span><input class="input" name="name" autocomplete="name" maxlength="${NAME_MAX}" />
            </label>
            <label class="field">
              <span>${say('pay.email')}</span><input class="input" name="email" type="email" autocomplete="email" maxlength="${EMAIL_MAX}" />
            </label>
            <button class="button button-primary button-large button-block">${say('pay.pay', { amount })}</button>
          </form>`
        : html`<p class="note note-warn">${say('plain.no-window')}</p>`
    }
    <p class="center-text"><a class="button button-quiet" href="${releaseOf(view, hold)}">${say('seats.release')}</a></p>
  </section>`;
}

function choosing(view: View, codes: Uint8Array, session: SessionReply): Html {
  const { limits } = session;
  const limit = Math.min(limits.seatsPerOrder, limits.perPersonAndShow, limits.perPersonAndEvent);
  if (view.section !== null) return sectionSeats(view, view.section, codes, limit);
  return html`${best(view, limit)}${sections(view, codes)}`;
}

function best({ say, language, show, key, hall }: View, limit: number): Html {
  const { grades, currency } = hall.layout;
  // Two is what most fans want.
  const quantities = Array.from({ length: limit }, (_, at) => (at === 1 ? html`<option selected>2</option>` : html`<option>${at + 1}</option>`));
  return html`<section class="card best">
    <h2>${say('seats.best')}</h2>
    <p class="muted">${say('seats.best-lead')}</p>
    <form method="post" action="/shows/${show}/hold">
      <input type="hidden" name="key" value="${key}" />
      <label class="field"><span>${say('seats.quantity')}</span>
        <select class="input" name="quantity">${quantities}</select></label>
      <label class="field"><span>${say('seats.grade')}</span>
        <select class="input" name="grade">
          <option value="">${say('seats.any-grade')}</option>
          ${grades.map((grade) => html`<option value="${grade.grade}">${grade.name[language]} · ${formatMoney(grade.price, currency, language)}</option>`)}
        </select></label>
      <button class="button button-primary button-block">${say('seats.best-find')}</button>
    </form>
  </section>`;
}

function sections({ say, language, hall, here }: View, codes: Uint8Array): Html {
  const { bySection } = countFree(hall, codes);
  return html`<section>
    <h2>${say('seats.sections')}</h2>
    <ul class="section-list">
      ${hall.sections.map(({ section, seats, grade }, at) => {
        const free = bySection[at] ?? 0;
        const inside = html`<strong>${section.name[language]}</strong> <span class="muted">${hall.layout.grades[grade]?.name[language] ?? ''}</span>
          <span class="section-free">${free === 0 ? say('seats.full') : say('seats.free-of', { free, seats })}</span>`;
        if (free === 0) return html`<li><span class="section-button muted">${inside}</span></li>`;
        return html`<li><a class="section-button" href="${here}&amp;section=${encodeURIComponent(section.section)}">${inside}</a></li>`;
      })}
    </ul>
  </section>`;
}

/** The free seats of a section as boxes to tick; what is taken is not offered. */
function sectionSeats({ say, language, show, key, hall, here }: View, section: Section, codes: Uint8Array, limit: number): Html {
  const freeIn = (row: Row): number[] => Array.from({ length: row.count }, (_, at) => row.first + at).filter((seat) => codes[seat] === FREE);
  const rows = section.rows.map((row) => ({ row, free: freeIn(row) }));
  const priceOf = (name: string): string => {
    const grade = hall.layout.grades.find(({ grade }) => grade === name);
    return grade === undefined ? name : `${grade.name[language]} ${formatMoney(grade.price, hall.layout.currency, language)}`;
  };
  return html`<section>
    <p><a href="${here}">← ${say('seats.back-to-sections')}</a></p>
    <h2>${section.name[language]}</h2>
    <p class="muted">${say('seats.limit-left', { count: limit })}</p>
    <form method="post" action="/shows/${show}/hold">
      <input type="hidden" name="key" value="${key}" /><input type="hidden" name="section" value="${section.section}" />
      ${rows
        .filter(({ free }) => free.length > 0)
        .map(
          ({ row, free }) =>
            html`<fieldset class="plain-row">
              <legend>${say('seats.row', { row: row.row })} <small class="muted">${priceOf(row.grade)}</small></legend>
              ${free.map((seat) => box(seat, row.label0 + seat - row.first))}
            </fieldset>`,
        )}
      <p class="plain-hold"><button class="button button-primary button-large button-block">${say('plain.hold')}</button></p>
    </form>
  </section>`;
}

const box = (seat: number, label: number): Html =>
  html`<label class="plain-seat"><input type="checkbox" name="seat" value="${seat}" /> ${label}</label>`;
