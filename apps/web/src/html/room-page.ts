import { problems, type Language, type RoomReply } from '@onsale/contract';
import type { PageAssets } from '../gateway/assets.ts';
import { speak, textsOf } from '../texts/catalogue.ts';
import { html } from './escape.ts';
import { shellPage } from './shell.ts';

/** Refusals that the queue page can meet and has no words of its own for; their texts travel with the page, in its language only. */
const QUEUE_PROBLEMS = [
  'overloaded',
  'unavailable',
  'recovering',
  'full',
  'place-ended',
  'room-not-open',
  'rejoin-refused',
  'rate-limited',
  'not-called',
  'token-expired',
  'internal',
  'not-found',
] as const;

export function problemTexts(language: Language, codes: readonly (keyof typeof problems)[]): Record<string, string> {
  return Object.fromEntries(codes.map((code) => [code, problems[code][language]]));
}

/** The queue page: the same bytes for every fan of a room and language. A browser without scripts is sent to the plain page. */
export function roomPage(language: Language, assets: PageAssets, slug: string, room: RoomReply | null): string {
  const say = speak(language);
  const name = room?.name[language] ?? say('queue.title');
  const body = html`<div id="root" class="narrow">
    <p class="eyebrow">${say('queue.title')}</p>
    <h1>${name}</h1>
    <p class="loading" role="status">${say('queue.starting')}</p>
  </div>`;
  return shellPage({
    language,
    title: name,
    page: 'queue',
    assets,
    data: {
      language,
      room: slug,
      name: room?.name[language] ?? null,
      texts: textsOf(language, ['queue', 'reason', 'lost']),
      problems: problemTexts(language, QUEUE_PROBLEMS),
    },
    head: html`<noscript><meta http-equiv="refresh" content="0;url=/rooms/${slug}?plain=1" /></noscript>`,
    body,
  });
}
