const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for HTML content and quoted attributes. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);

/** HTML that is already safe to put into HTML. */
export type Html = { readonly html: string };
export type HtmlPart = Html | string | number | null | false | readonly HtmlPart[];

/** Tagged template: what is not `Html` is escaped; null and false leave nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  let text = strings[0] ?? '';
  parts.forEach((part, index) => {
    text += render(part) + (strings[index + 1] ?? '');
  });
  return { html: text };
}

function render(part: HtmlPart): string {
  if (part === null || part === false) return '';
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number') return String(part);
  if ('html' in part) return part.html;
  return part.map(render).join('');
}

/** Data for a page's script as a JSON block: not executable, and unable to end its element. */
export function dataBlock(id: string, data: unknown): Html {
  const json = JSON.stringify(data).replace(/[<\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return { html: `<script type="application/json" id="${id}">${json}</script>` };
}
