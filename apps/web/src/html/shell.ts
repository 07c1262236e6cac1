import type { Language } from '@onsale/contract';
import type { PageAssets } from '../gateway/assets.ts';
import { speak } from '../texts/catalogue.ts';
import { dataBlock, html, type Html } from './escape.ts';

export type ShellOptions = {
  readonly language: Language;
  readonly title: string;
  readonly description?: string;
  readonly page: string;
  readonly assets: PageAssets;
  /** False for pages that work as they are: no script is loaded. */
  readonly scripted?: boolean;
  readonly data?: unknown;
  readonly body: Html;
  readonly head?: Html;
  /** Query of this page that the language switch must keep, without `lang`. */
  readonly keepQuery?: string;
};

/** The frame of every page: one header, one main, the page's data as JSON, its script last. */
export function shellPage(options: ShellOptions): string {
  const { language, assets, page } = options;
  const say = speak(language);
  const scripted = options.scripted !== false;
  const document = html`<html lang="${language}">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
      <title>${options.title} · ${say('shell.brand')}</title>
      ${options.description === undefined ? null : html`<meta name="description" content="${options.description}" />`}
      <meta name="color-scheme" content="light dark" />
      <meta name="theme-color" content="#f6f5f1" media="(prefers-color-scheme: light)" />
      <meta name="theme-color" content="#131318" media="(prefers-color-scheme: dark)" />
      <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
      ${assets.styles.map((href) => html`<link rel="stylesheet" href="${href}" />`)}
      ${scripted ? assets.preload.map((href) => html`<link rel="modulepreload" href="${href}" />`) : null} 
      ${assets.gate === undefined || !scripted ? null : html`<script src="${assets.gate}"></script>`} ${options.head ?? null}
    </head>
    <body class="page-${page}">
      <a class="skip" href="#main">${say('shell.skip')}</a>
      ${header(language, options.keepQuery)}
      <main id="main">${options.body}</main>
      <footer class="foot"><p>${say('shell.footer')}</p></footer>
      ${
        scripted
          ? html`${dataBlock('page-data', options.data ?? {})}
              <script type="module" src="${assets.script}"></script>`
          : null
      }
    </body>
  </html>`;
  return `<!doctype html>\n${document.html}`;
}

function header(language: Language, keepQuery = ''): Html {
  const say = speak(language);
  const other: Language = language === 'ko' ? 'en' : 'ko';
  const query = keepQuery === '' ? '' : `&${keepQuery}`;
  return html`<header class="top">
    <a class="brand" href="/">${mark()}<span>${say('shell.brand')}</span></a>
    <nav class="top-links" aria-label="${say('shell.brand')}">
      <a href="/me">${say('shell.my-tickets')}</a>
      <a class="lang" href="?lang=${other}${query}" hreflang="${other}" lang="${other}">${other === 'ko' ? '한국어' : 'English'}</a>
    </nav>
  </header>`;
}

/** The brand mark: a ticket with its notch. */
const TICKET = [
  'M3 6.5A1.5 1.5 0 0 1 4.5 5h15A1.5 1.5 0 0 1 21 6.5V10a2 2 0 0 0 0 4v3.5a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 17.5V14a2 2 0 0 0 0-4z',
  'M15 7v10',
] as const;
const mark = (): Html =>
  html`<svg class="mark" viewBox="0 0 24 24" width="26" height="26" aria-hidden="true">
    <path fill="currentColor" d="${TICKET[0]}" />
    <path class="mark-notch" d="${TICKET[1]}" />
  </svg>`;
