import { createHash } from 'node:crypto';
import { migrate, openPool, type Pool, type PoolConfig } from '@onsale/database';
import { ownDatabase } from '@onsale/testing';
import { valueOf, type OpaqueId, type Place, type RoomId, type ShowId } from '@onsale/kernel';
import {
  createHoldEngine, openEntrySessions, openShowBooks, publishShow, type HoldEngine, type HoldEngineOptions, type LayoutDoc, type ShowBooks, type ShowToPublish,
} from '../src/index.ts';

type Teardown = { readonly teardown: (close: () => unknown) => unknown };

export const SEED = process.env['ONSALE_SEED'] ?? String(Date.now());
export const SHOW = 'show' as ShowId;
export const ROOM = 'room' as RoomId;

/** A migrated database of this test file's own, dropped at its end; gives its URL. */
export async function migratedDatabase(t: Teardown): Promise<string> {
  const url = await ownDatabase(t);
  await migrate(url);
  return url;
}

export function poolOf(t: Teardown, url: string, config: Partial<PoolConfig> = {}): Pool {
  const pool = openPool({ url, connections: 4, queueMax: 500, ...config });
  t.teardown(() => pool.close());
  return pool;
}

/** `rows` rows of `perRow` seats in sections of ten rows; the front half is grade R, the rest S. */
export function hall(rows: number, perRow: number): LayoutDoc {
  const sections = Array.from({ length: Math.ceil(rows / 10) }, (_, index) => ({
    section: String(index + 1),
    name: { ko: `${index + 1}`, en: `${index + 1}` },
    outline: [],
    rows: Array.from({ length: Math.min(10, rows - index * 10) }, (_, k) => {
      const row = index * 10 + k;
      return { row: String(row + 1), first: row * perRow, count: perRow, label0: 1, x: 10, y: 10 + row, dx: 1, dy: 0, grade: row < rows / 2 ? 'R' : 'S' };
    }),
  }));
  const grade = (name: string, price: number) => ({ grade: name, name: { ko: name, en: name }, price, fee: 2_000, color: '#112233' });
  return {
    width: perRow + 20, height: rows + 20, stage: [], focus: [10 + perRow / 2, 0], seats: rows * perRow,
    grades: [grade('R', 120_000), grade('S', 90_000)], sections,
  };
}

export const showOf = (layout: LayoutDoc, more: Partial<ShowToPublish> = {}): ShowToPublish => ({
  show: SHOW,
  event: 'event',
  eventName: { ko: '공연', en: 'Concert' },
  venueName: { ko: '홀', en: 'Hall' },
  startsAt: new Date('2030-01-01T10:00:00Z'),
  opensAt: new Date('2020-01-01T00:00:00Z'),
  closesAt: new Date('2029-12-31T00:00:00Z'),
  currency: 'KRW',
  layout,
  orphanRule: false,
  ...more,
});

/** Ids that a seed repeats: 16 bytes of a hash of what they are for. */
export const idFor = (what: string): OpaqueId => createHash('sha256').update(what).digest().subarray(0, 16).toString('base64url') as OpaqueId;
export const fan = (n: number) => ({ person: idFor(`person ${n}`), session: idFor(`session ${n}`) });

/** Fans 0 … count − 1 redeem their places; their holds then find their allowance rows. */
export async function enterFans(pool: Pool, count: number, shows: readonly ShowId[] = [SHOW], from = 0): Promise<void> {
  const sessions = openEntrySessions({ pool, poll: false });
  for (let first = from; first < from + count; first += 1_000) {
    await Promise.all(Array.from({ length: Math.min(1_000, from + count - first) }, async (_, k) => {
      const { person, session } = fan(first + k);
      valueOf(await sessions.redeem({
        sid: session, room: ROOM, place: (2 ** 32 + first + k + 1) as Place, person, binding: 'binding', shows, lastsMs: 1_500_000,
      }));
    }));
  }
  await sessions.close();
}

export type Process = { readonly engine: HoldEngine; readonly books: ShowBooks; readonly pool: Pool; readonly faults: unknown[] };
/** One booking process' worth: an engine with its own hot pool, memory and polls. */
export function startProcess(
  t: Teardown, url: string, options: Partial<HoldEngineOptions> & { readonly config?: Partial<PoolConfig>; readonly maps?: boolean } = {},
): Process {
  const faults: unknown[] = [];
  const pool = poolOf(t, url, { connections: 3, ...options.config });
  const reads = poolOf(t, url, { connections: 2, ...options.config });
  const books = openShowBooks({ pool: reads, maps: options.maps ?? true, onFault: (error) => faults.push(error) });
  const { config: _, maps: __, ...engineOptions } = options;
  const engine = createHoldEngine({ pool, reads, books, onFault: (error) => faults.push(error), ...engineOptions });
  t.teardown(async () => {
    await engine.close();
    await books.close();
  });
  return { engine, books, pool, faults };
}

export async function publishedShow(pool: Pool, rows: number, perRow: number, more: Partial<ShowToPublish> = {}): Promise<void> {
  await publishShow(pool, showOf(hall(rows, perRow), more));
}
