import { openWholeSystem, type SystemOptions, type WholeSystem } from '@onsale/testing';

/**
 * The system under measure: private stores and app processes in a folder that is removed afterwards. As in production, replies
 * are not compared with their schemas and ordinary requests are not logged; a fan may ask as often as the client likes, since
 * a few thousand receipts stand for a crowd; MariaDB has room enough that no checkpoint falls into a run.
 */
export function openBenchSystem(processes: SystemOptions['processes']): Promise<WholeSystem> {
  return openWholeSystem({
    processes,
    mariadb: { redoMb: 512, bufferPoolMb: 1_024 },
    env: { CHECK_REPLIES: 'off', LOG_LEVEL: 'error', POLL_BURST: '1000000' },
  });
}
