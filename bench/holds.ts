import { measureEngine } from './holds/engine.ts';
import { measureHttp } from './holds/http.ts';
import type { Figure } from './measure/figures.ts';
import { openBenchSystem } from './measure/system.ts';

/** Durable 2-seat holds on shows of 15,000 seats: the engine beside the bare batched transaction, then the whole way over HTTP. */
export async function benchHolds(settings: { runs: number; seconds: number }): Promise<Figure[]> {
  const system = await openBenchSystem({});
  try {
    const engine = await measureEngine(system.mariadb.url, settings);
    await system.startApp('booking');
    return [...engine, ...(await measureHttp(system, settings))];
  } finally {
    await system.close();
  }
}
