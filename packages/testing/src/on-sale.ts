import { publishShow, type LayoutDoc } from '@onsale/booking';
import { createOperator, createPasswordHasher, createRoom, DEFAULT_SETTINGS, type RoomSettings } from '@onsale/control';
import { openPool } from '@onsale/database';
import { DAY_MS, HOUR_MS, valueOf, type RoomId, type ShowId } from '@onsale/kernel';
import { configure, openRoomConnection } from '@onsale/waiting-room';
import type { WholeSystem } from './whole-system.ts';

/** A rectangular hall: `rows` × `seatsInRow` in sections of ten rows, two grades. */
export function smallHall(rows: number, seatsInRow: number): LayoutDoc {
  const sections = Array.from({ length: Math.ceil(rows / 10) }, (_, section) => {
    const from = section * 10;
    const count = Math.min(10, rows - from);
    return {
      section: String.fromCharCode(65 + section),
      name: { ko: `${section + 1}구역`, en: `Section ${section + 1}` },
      outline: [
        [0, 10 + from],
        [seatsInRow, 10 + from],
        [seatsInRow, 10 + from + count],
        [0, 10 + from + count],
      ] as [number, number][],
      rows: Array.from({ length: count }, (_, row) => ({
        row: String(from + row + 1),
        first: (from + row) * seatsInRow,
        count: seatsInRow,
        label0: 1,
        x: 0.5,
        y: 10.5 + from + row,
        dx: 1,
        dy: 0,
        grade: from === 0 ? 'R' : 'S',
      })),
    };
  });
  return {
    width: seatsInRow,
    height: rows + 10,
    stage: [
      [0, 0],
      [seatsInRow, 0],
      [seatsInRow, 5],
      [0, 5],
    ],
    focus: [seatsInRow / 2, 5],
    seats: rows * seatsInRow,
    grades: [
      { grade: 'R', name: { ko: 'R석', en: 'R' }, price: 120_000, fee: 1_000, color: '#d9437a' },
      { grade: 'S', name: { ko: 'S석', en: 'S' }, price: 90_000, fee: 1_000, color: '#1f7ae0' },
    ],
    sections,
  };
}

export const TEST_OPERATOR = { name: 'operator', password: 'a long enough password' } as const;

/** One on-sale in a whole system: a published show, a room that guards it, and an operator. */
export async function makeOnSale(
  system: WholeSystem,
  { slug = 'demo', layout = smallHall(20, 25), ...settings }: Partial<RoomSettings> & { slug?: string; layout?: LayoutDoc } = {},
): Promise<RoomSettings> {
  const pool = openPool({ url: system.mariadb.url, connections: 1, statementMs: 60_000 });
  const connection = openRoomConnection(system.redis.url);
  try {
    const now = Date.now();
    await publishShow(pool, {
      show: slug as ShowId,
      event: `${slug}-event`,
      eventName: { ko: '시험 공연', en: 'Test concert' },
      venueName: { ko: '시험장', en: 'Test hall' },
      startsAt: new Date(now + 30 * DAY_MS),
      opensAt: new Date(now - HOUR_MS),
      closesAt: new Date(now + 29 * DAY_MS),
      currency: 'KRW',
      layout,
    });
    const room: RoomSettings = {
      ...DEFAULT_SETTINGS,
      phase: 'open',
      room: slug as RoomId,
      name: { ko: slug, en: slug },
      shows: [slug as ShowId],
      ...settings,
    };
    const act = { actor: 'test', cause: 'test' };
    valueOf(await createRoom(pool, room, act));
    await createOperator({ pool, hasher: createPasswordHasher({ logN: 10 }) }, { ...TEST_OPERATOR, role: 'operator' }, act);
    await connection.ready();
    await configure(connection, room, { create: true });
    return room;
  } finally {
    await Promise.all([pool.close(), connection.close()]);
  }
}
