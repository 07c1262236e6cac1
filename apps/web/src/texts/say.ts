/**
 * Fills a text of the catalogue. `{name}` is replaced by the parameter, `{count|seat|seats}` by the second word when the
 * parameter is 1 and by the third otherwise. An unknown parameter stays visible as `{name}`: a mistake should show.
 */
export type TextParameters = { readonly [name: string]: string | number };

const SLOT = /\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}/g;

export function fill(text: string, parameters: TextParameters = {}): string {
  return text.replace(SLOT, (slot: string, name: string, one?: string, many?: string) => {
    const value = parameters[name];
    if (value === undefined) return slot;
    if (one !== undefined && many !== undefined) return value === 1 || value === '1' ? one : many;
    return String(value);
  });
}
