import { isProblemCode, problems, type HeldSeat, type Language } from '@onsale/contract';
import type { PageAssets } from '../gateway/assets.ts';
import type { Say } from '../texts/catalogue.ts';
import { formatMoney } from '../texts/formats.ts';
import { html, type Html } from './escape.ts';
import { shellPage } from './shell.ts';

/** The refusal of the last press, in words; nothing for a code that is none of ours. */
export const problemNote = (code: string | null, language: Language): Html | null =>
  code !== null && isProblemCode(code) ? html`<p class="note note-warn" role="status">${problems[code][language]}</p>` : null;

/** What the pages without scripts share. */
type PlainShell = {
  readonly language: Language;
  readonly assets: PageAssets;
  readonly title: string;
  /** What the last press was answered, and the page's own words for some of it; a problem of the registry has its text there. */
  readonly said?: string | null;
  readonly words?: Readonly<Record<string, string>>;
  readonly renew?: { readonly seconds: number; readonly address: string };
  readonly body: Html;
};

export function plainShell({ language, assets, title, said = null, words = {}, renew, body }: PlainShell): string {
  const own = said === null || !Object.hasOwn(words, said) ? undefined : words[said];
  const note = own === undefined ? problemNote(said, language) : html`<p class="note note-warn" role="status">${own}</p>`;
  const head = renew === undefined ? html`` : html`<meta http-equiv="refresh" content="${renew.seconds};url=${renew.address}" />`;
  const whole = html`<div class="narrow">${note}${body}</div>`;
  return shellPage({ language, title, page: 'plain', assets, keepQuery: 'plain=1', head, body: whole });
}

type Bill = { readonly seats: readonly HeldSeat[]; readonly amount: number; readonly currency: string };

/** Seats with what each costs; the total is the server's, never summed here. */
export function plainBill({ seats, amount, currency }: Bill, totalLabel: string, say: Say, language: Language): Html {
  const money = (value: number): string => formatMoney(value, currency, language);
  const fees = seats.reduce((sum, { fee }) => sum + fee, 0);
  const line = (name: Html | string, value: number, look = ''): Html =>
    html`<li class="${look}"><span>${name}</span><span class="figures-right">${money(value)}</span></li>`;
  return html`<div class="bill">
    <ul class="bill-seats">
      ${seats.map((seat) =>
        line(html`<strong>${seat.grade}</strong> ${say('pay.seat-name', { section: seat.section, row: seat.row, seat: seat.label })}`, seat.price),
      )}
      ${fees > 0 ? line(say('pay.fees'), fees, 'muted') : null}
    </ul>
    <p class="bill-total"><span>${totalLabel}</span><strong>${money(amount)}</strong></p>
  </div>`;
}

type Question = {
  readonly title: string;
  readonly lead: string;
  readonly action: string;
  readonly yes: string;
  readonly no: string;
  readonly back: string;
  readonly fields?: Readonly<Record<string, string>>;
};

/** Before what cannot be taken back: a page that asks, whose first way is the one back. */
export const plainQuestion = ({ title, lead, action, yes, no, back, fields = {} }: Question): Html =>
  html`<h2>${title}</h2>
    <p class="lead">${lead}</p>
    <div class="plain-actions">
      <a class="button" href="${back}">${no}</a>
      <form method="post" action="${action}">
        ${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
        <button class="button button-danger">${yes}</button>
      </form>
    </div>`;
