import type { SqlValue } from '@onsale/database';
import type { OpaqueId } from '@onsale/kernel';

/**
 * Values of hot statements, written as SQL by us: a tenth of the cost of one placeholder a value, and the statement's text, which reaches
 * logs and errors, stays free of them. Only ids (hexadecimal), numbers and words of our own may go in here.
 */
export const written = (sql: string): SqlValue => ({ toSqlString: () => sql });

/** One command's ids stand in ten places of its batch; they are converted once. */
const hexes = new Map<OpaqueId, string>();
const HEXES_MAX = 8_192;
export function hexOf(id: OpaqueId): string {
  let hex = hexes.get(id);
  if (hex === undefined) {
    hex = `x'${Buffer.from(id, 'base64url').toString('hex')}'`;
    if (hexes.size >= HEXES_MAX) hexes.clear();
    hexes.set(id, hex);
  }
  return hex;
}
export const hexOrNull = (id: OpaqueId | null): string => (id === null ? 'NULL' : hexOf(id));
export const hexList = (ids: Iterable<OpaqueId>): SqlValue => written(Array.from(ids, hexOf).join(','));
export const numberList = (numbers: readonly number[]): SqlValue => written(numbers.join(','));

export const idOf = (bytes: Buffer): OpaqueId => bytes.toString('base64url') as OpaqueId;
export const idOrNull = (bytes: Buffer | null): OpaqueId | null => (bytes === null ? null : idOf(bytes));
export const bytesOf = (id: OpaqueId): Buffer => Buffer.from(id, 'base64url');
export const bytesOrNull = (id: OpaqueId | null): Buffer | null => (id === null ? null : bytesOf(id));
/** JSON columns arrive parsed from MySQL and, by the driver's guess, from MariaDB. */
export const jsonOf = <Value>(column: unknown): Value => (typeof column === 'string' ? (JSON.parse(column) as Value) : (column as Value));

/** MariaDB turns an IN of 1,000 or more into a join with a temporary table: longer lists are cut. */
export const LIST_MAX = 500;
export function chunksOf<Item>(items: readonly Item[], size = LIST_MAX): Item[][] {
  const chunks: Item[][] = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  return chunks;
}
