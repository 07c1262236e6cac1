import { openPool, type Pool, type PoolConfig } from './pool.ts';

/**
 * One process' connections, split so that a flood of reads starves neither holds nor money: `hot` for group commit, `money` for payments
 * and the outbox, `reads` for the rest. A process that names no size for a part gets it from `reads`.
 */
export type Database = { readonly hot: Pool; readonly money: Pool; readonly reads: Pool; readonly close: () => Promise<void> };

export type DatabaseConfig = Pick<PoolConfig, 'url' | 'waitMs' | 'statementMs' | 'onQuery' | 'nowMs'> & {
  readonly reads: number;
  readonly hot?: number;
  readonly money?: number;
  /** Callers that may wait for each connection of a pool; default 2, for `reads` too. */
  readonly queuePerConnection?: number;
};

/** A confirm that is refused costs its buyer more than a few seconds: who moves money waits longer for a connection than others. */
const MONEY_WAIT_MS = 5_000;

export function openDatabase(config: DatabaseConfig): Database {
  const { reads: readConnections, hot: hotConnections, money: moneyConnections, queuePerConnection = 2, ...shared } = config;
  const open = (role: 'hot' | 'money' | 'reads', connections: number): Pool =>
    openPool({ ...(role === 'money' && { waitMs: MONEY_WAIT_MS }), ...shared, role, connections, queueMax: connections * queuePerConnection });
  const reads = open('reads', readConnections);
  const hot = hotConnections === undefined ? reads : open('hot', hotConnections);
  const money = moneyConnections === undefined ? reads : open('money', moneyConnections);
  return {
    hot,
    money,
    reads,
    close: async () => {
      await Promise.all([...new Set([hot, money, reads])].map((pool) => pool.close()));
    },
  };
}
