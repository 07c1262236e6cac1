/** A batch has the same beginning and end however long its lists are. */
const BEGINNING_CHARS = 2_000;
const END_CHARS = 300;

/** What the cut has left of a value: it differs from batch to batch. */
const HALF_VALUE = /^[^\s,]*/;

/** The statement without its values, its lists and alternatives shortened to one: what two uses of one statement have in common. */
export function shapeOf(sql) {
  const text = sql.length <= BEGINNING_CHARS + END_CHARS ? sql : `${sql.slice(0, BEGINNING_CHARS)} … ${sql.slice(-END_CHARS).replace(HALF_VALUE, '')}`;
  return text
    .replace(/'(?:[^'\\]|\\.|'')*'|\bx'[0-9a-f]*'?|\b0x[0-9a-f]+/gi, '?')
    .replace(/\b\d+(?:\.\d+)?\b/g, '?')
    .replace(/\s+/g, ' ')
    .replace(/\?(?:\s*,\s*\?)+/g, '?')
    .replace(/(\([^()]*\))(?:\s*,\s*\([^()]*\))+/g, '$1')
    .replace(/(?:WHEN \? THEN \? ?)+/g, 'WHEN ? THEN ? ')
    .replace(/(order_id = \? AND n = \?)(?: OR order_id = \? AND n = \?)+/g, '$1')
    .trim();
}
