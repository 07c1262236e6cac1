import { startRedis, type Redis } from '@onsale/services';
import { Redis as Client } from 'ioredis';
import type { TestContext } from './test-context.ts';
import { until } from './until.ts';

/* Roles of Redis servers, changed as Sentinel and operators do. Spoken to by a plain client: ours refuses replicas. */

const IN_STEP_MS = 30_000;

async function told<Value>(url: string, work: (client: Client) => Promise<Value>): Promise<Value> {
  const client = new Client(url, { maxRetriesPerRequest: 1 });
  client.on('error', () => undefined);
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

const inStep = (url: string): Promise<unknown> =>
  told(url, (client) => until('the replica is in step', async () => (await client.info('replication')).includes('master_link_status:up'), IN_STEP_MS));

/** A replica of the server on `port`, in step with it; killed with the test. */
export async function startReplica(t: TestContext, dir: string, port: number, password: string): Promise<Redis> {
  const replica = await startRedis({ dir, password, settings: { replicaof: `127.0.0.1 ${port}`, masterauth: password } });
  t.teardown(() => replica.kill());
  await inStep(replica.url);
  return replica;
}

/** It takes writes from now on. */
export const promote = (url: string): Promise<unknown> => told(url, (client) => client.replicaof('NO', 'ONE'));

/**
 * A running primary becomes a replica of the one on `port`, with its clients still connected. On a port where nobody listens it keeps its data
 * as they are, and refuses writes.
 */
export const demote = (url: string, port: number, password: string): Promise<void> =>
  told(url, async (client) => {
    await client.config('SET', 'masterauth', password);
    await client.replicaof('127.0.0.1', port);
  });
