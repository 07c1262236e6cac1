import type { OpaqueId } from '@onsale/kernel';
import mysql from 'mysql2/promise';
import { FANS_PER_HALL, holdAt, newId, type Halls } from '../measure/halls.ts';
import { Latencies } from '../measure/latencies.ts';

/**
 * The ceiling of the hold engine: the bare batched transaction. The statements 0 to 9 of the engine's README, 128 holds of two
 * seats in each, three transactions at a time on three connections of mysql2. Every text is written before the clock starts and
 * nothing that comes back is looked at: what is measured is the database and the driver.
 */
export const BATCH = 128;
export const IN_FLIGHT = 3;
export type BareRun = { readonly holds: number; readonly perSecond: number; readonly batches: Latencies; readonly errors: number };

export async function runBareBatches(databaseUrl: string, halls: Halls): Promise<BareRun> {
  const batches = halls.shows.flatMap((_, hall) => batchesOf(halls, hall));
  const connections = await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      const connection = await mysql.createConnection({ uri: databaseUrl, rowsAsArray: true });
      await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
      return connection;
    }),
  );
  const latencies = new Latencies();
  let [next, holds, errors] = [0, 0, 0];
  const startedAt = performance.now();
  await Promise.all(
    connections.map(async (connection) => {
      for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) {
        const began = performance.now();
        try {
          for (const statement of batch.statements) await connection.query(statement);
          holds += batch.holds;
        } catch {
          errors += 1;
          await connection.query('ROLLBACK');
        }
        latencies.add(performance.now() - began);
      }
    }),
  );
  const perSecond = (holds * 1_000) / (performance.now() - startedAt);
  await Promise.all(connections.map((connection) => connection.end()));
  return { holds, perSecond, batches: latencies, errors };
}

type Batch = { readonly holds: number; readonly statements: readonly string[] };

export function batchesOf(halls: Halls, hall: number): Batch[] {
  return Array.from({ length: Math.ceil(FANS_PER_HALL / BATCH) }, (_, batch) => {
    const first = hall * FANS_PER_HALL + batch * BATCH;
    const last = Math.min(first + BATCH, (hall + 1) * FANS_PER_HALL);
    return { holds: last - first, statements: statementsOf(halls, first, last) };
  });
}

function statementsOf(halls: Halls, first: number, last: number): string[] {
  const holds = Array.from({ length: last - first }, (_, index) => {
    const { show, fan, seats } = holdAt(halls, first + index) as NonNullable<ReturnType<typeof holdAt>>;
    return { show, fan, seats, id: newId() };
  });
  const show = `'${holds[0]?.show}'`;
  const sessions = list(holds.map(({ fan }) => fan.session));
  const persons = list(holds.map(({ fan }) => fan.person));
  const ids = list(holds.map(({ id }) => id));
  const seats = holds.flatMap((hold) => hold.seats.map((seat) => ({ seat, id: hold.id }))).sort((one, other) => one.seat - other.seat);
  const numbers = seats.map(({ seat }) => seat).join(',');
  const ofShow = `'show/${holds[0]?.show}'`;
  const ofEvent = `'event/${holds[0]?.show}'`;
  const delta = Buffer.alloc(8 * seats.length);
  for (const [index, { seat }] of seats.entries()) delta.writeUInt32LE(seat * 4 + 1, 8 * index);
  const rows = holds.map(
    ({ fan, id, seats: held }) =>
      `(${show},${hex(id)},${hex(fan.person)},${hex(fan.session)},'live','[${held.join(',')}]',NULL,NULL,0,0,0,NOW(3) + INTERVAL 480000000 MICROSECOND,NOW(3))`,
  );
  const held = `UPDATE seat FORCE INDEX (PRIMARY) SET state = 'held', claim = ELT(FIELD(seat_no,${numbers}),${list(seats.map(({ id }) => id))})`;
  return [
    'START TRANSACTION',
    `SELECT sid FROM session_end FORCE INDEX (PRIMARY) WHERE sid IN (${sessions})`,
    `SELECT scope_id, person, live FROM allowance FORCE INDEX (PRIMARY) WHERE scope_id = 'attempts' AND person IN (${sessions})
     OR scope_id IN (${ofEvent},${ofShow}) AND person IN (${persons}) ORDER BY scope_id, person FOR UPDATE SKIP LOCKED`,
    `SELECT id, state, until_at <= NOW(3) FROM hold FORCE INDEX (PRIMARY) WHERE show_id = ${show} AND id IN (${ids}) ORDER BY id FOR UPDATE SKIP LOCKED`,
    `SELECT seat_no, state, claim FROM seat FORCE INDEX (PRIMARY) WHERE show_id = ${show} AND seat_no IN (${numbers}) ORDER BY seat_no FOR UPDATE SKIP LOCKED`,
    `${held} WHERE show_id = ${show} AND seat_no IN (${numbers})`,
    `INSERT INTO hold (show_id, id, person, session, state, seats, order_id, attempt, lengthened, awaiting, swaps, until_at, made_at) VALUES ${rows.join(',')}`,
    `UPDATE allowance FORCE INDEX (PRIMARY) SET live = live + 1 WHERE scope_id = 'attempts' AND person IN (${sessions})`,
    `UPDATE allowance FORCE INDEX (PRIMARY) SET live = live + 2 WHERE scope_id IN (${ofShow},${ofEvent}) AND person IN (${persons})`,
    `UPDATE show_clock SET version = LAST_INSERT_ID(version + 1) WHERE show_id = ${show}`,
    `INSERT INTO seat_delta (show_id, version, changes, at)
      SELECT show_id, version, x'${delta.toString('hex')}', NOW(3) FROM show_clock WHERE show_id = ${show}`,
    'COMMIT',
  ];
}

const hex = (id: OpaqueId): string => `x'${Buffer.from(id, 'base64url').toString('hex')}'`;
const list = (ids: readonly OpaqueId[]): string => ids.map(hex).join(',');
