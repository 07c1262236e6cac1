import { setTimeout as sleep } from 'node:timers/promises';
import type { Queryable, RowDataPacket } from '@onsale/database';
import { SECOND_MS, type MonotonicClock } from '@onsale/kernel';

/** How busy the database server is, all its clients together. */
export type MysqlLoad = { readonly queriesPerSecond: number; readonly connections: number; readonly running: number };

const FIRST_SPAN_MS = 200;
const SQL = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Threads_connected', 'Threads_running')";
type Sample = { readonly questions: number; readonly connections: number; readonly running: number; readonly atMs: number };

/** Reads the load since its last reading; the first one spans a fifth of a second. Our own reading is among the queries. */
export function createLoadReader(database: Queryable, monotonic: MonotonicClock): () => Promise<MysqlLoad> {
  let before: Sample | undefined;
  const sample = async (): Promise<Sample> => {
    const [rows] = await database.query<RowDataPacket[]>(SQL);
    const values = new Map(rows.map((row) => [String(row['Variable_name']).toLowerCase(), Number(row['Value'])]));
    const valueOf = (name: string): number => values.get(name) ?? 0;
    return { questions: valueOf('questions'), connections: valueOf('threads_connected'), running: valueOf('threads_running'), atMs: monotonic() };
  };
  return async () => {
    if (before === undefined) {
      before = await sample();
      await sleep(FIRST_SPAN_MS);
    }
    const base = before;
    const now = await sample();
    before = now;
    // After a restart of the server its count begins anew.
    const queries = now.questions >= base.questions ? now.questions - base.questions : now.questions;
    const seconds = Math.max(1, now.atMs - base.atMs) / SECOND_MS;
    return { queriesPerSecond: Math.round((queries / seconds) * 10) / 10, connections: now.connections, running: now.running };
  };
}
