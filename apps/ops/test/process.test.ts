import t from 'tap';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { INSIDE } from '@onsale/contract';
import type { ReadyMessage } from '@onsale/runtime';
import { makeSecrets } from '@onsale/runtime';
import { startNode, type NodeApp } from '@onsale/services';
import { api, PASSWORD, startOps } from './start-ops.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const START_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'ops-process-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const secrets = join(folder, 'secrets.json');
writeFileSync(secrets, JSON.stringify(makeSecrets()), { mode: 0o600 });

const isReady = (message: unknown): message is ReadyMessage => (message as { type?: string }).type === 'ready';
const start = (name: string, env: NodeJS.ProcessEnv): NodeApp =>
  startNode(MAIN, { name, logFile: join(folder, `${name}.log`), env: { PATH: process.env['PATH'], ONSALE_SECRETS: secrets, PORT: '0', ...env } });

t.test('the process starts, tells where it listens, serves and stops', async (t) => {
  const { config, makeOperator } = await startOps(t);
  const { name } = await makeOperator();
  const app = start('ops', { REDIS_URL: config.redisUrl, DATABASE_URL: config.databaseUrl });
  t.teardown(() => app.kill());
  const { urls } = await app.message(isReady, START_MS);
  const [url, internal] = [urls['public'] as string, urls['internal'] as string];
  t.equal((await fetch(internal + INSIDE.ready)).status, 200);
  const body = JSON.stringify({ name, password: PASSWORD });
  t.equal((await fetch(url + api('/sessions'), { method: 'POST', headers: { 'content-type': 'application/json' }, body })).status, 201);
  await app.stop();
  t.equal((await app.ended()).code, 0);
});

t.test('a process without its environment does not start', async (t) => {
  const app = start('bare', {});
  const { code } = await app.ended();
  t.not(code, 0);
});
