import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort, startMariadb, startNode, startRedis, type Mariadb, type NodeApp, type Redis } from '@onsale/services';
import { makeSecrets, openSecrets, type SecretKeys } from '@onsale/runtime';

/** The servers and apps under measure, private and in a folder that is removed afterwards. */
export type Stack = {
  readonly secrets: SecretKeys;
  readonly redis: () => Promise<Redis>;
  readonly mariadb: () => Promise<Mariadb>;
  readonly app: (name: AppName, more?: AppOptions) => Promise<RunningApp>;
  readonly program: (file: string, args: readonly string[]) => Promise<NodeApp>;
  readonly close: () => Promise<void>;
};
export type AppName = 'admission' | 'booking' | 'worker' | 'sandbox' | 'ops';
export type AppOptions = { readonly env?: Record<string, string>; readonly nodeArgs?: readonly string[] };
export type RunningApp = { readonly process: NodeApp; readonly url: string; readonly internalUrl: string; readonly port: number };

const CHECKOUT = resolve(import.meta.dirname, '../..');
const READY_MS_MAX = 30_000;
const LOOK_EVERY_MS = 50;
const isListening = (message: unknown): message is { listening: true } => (message as { listening?: boolean } | null)?.listening === true;

export function openStack(): Stack {
  const folder = mkdtempSync(join(tmpdir(), 'onsale-bench-'));
  const texts = makeSecrets();
  const secretsFile = join(folder, 'secrets.json');
  writeFileSync(secretsFile, JSON.stringify(texts), { mode: 0o600 });
  const closers: (() => Promise<unknown>)[] = [];
  let redis: Promise<Redis> | undefined;
  let mariadb: Promise<Mariadb> | undefined;
  const addresses: Record<string, string> = {};
  const stack: Stack = {
    secrets: openSecrets(texts),
    redis: () => (redis ??= startRedis({ dir: join(folder, 'redis') }).then((server) => (closers.push(() => server.stop()), server))),
    mariadb: () => (mariadb ??= startMariadb({ dir: join(folder, 'mariadb'), redoMb: 512, bufferPoolMb: 1_024 }).then((server) => (closers.push(() => server.stop()), server))),
    app: async (name, { env = {}, nodeArgs = [] } = {}) => {
      const [port, internalPort] = [await freePort(), await freePort()];
      const child = startNode(join(CHECKOUT, 'apps', name, 'src/main.ts'), {
        name,
        nodeArgs,
        logFile: join(folder, `${name}.log`),
        env: {
          PATH: process.env['PATH'] ?? '', NODE_ENV: 'test', CHECK_REPLIES: 'off', HOST: '127.0.0.1', PORT: String(port),
          INTERNAL_PORT: String(internalPort), ONSALE_DATA: folder,
          ONSALE_SECRETS: secretsFile, LOG_LEVEL: 'error', REDIS_URL: (await redis)?.url ?? '', DATABASE_URL: (await mariadb)?.url ?? '', ...addresses, ...env,
        },
      });
      closers.push(() => child.stop());
      const url = `http://127.0.0.1:${port}`;
      await answers(`${url}/health/live`, name, child);
      addresses[`${name.toUpperCase()}_URL`] = url;
      if (name === 'admission') addresses['ADMISSION_INTERNAL_URL'] = `http://127.0.0.1:${internalPort}`;
      if (name === 'sandbox') addresses['TOSS_URL'] = url;
      return { process: child, url, port, internalUrl: `http://127.0.0.1:${internalPort}` };
    },
    program: async (file, args) => {
      const child = startNode(file, { name: file, args, env: { PATH: process.env['PATH'] ?? '' }, nodeArgs: ['--expose-gc', '--import', join(import.meta.dirname, 'collect.ts')] });
      closers.push(() => child.stop());
      await child.message(isListening, READY_MS_MAX);
      return child;
    },
    close: async () => {
      for (const close of closers.toReversed()) await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return stack;
}

async function answers(url: string, name: string, child: NodeApp): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX;
  while (performance.now() < deadline && child.running) {
    if (await fetch(url).then((answer) => answer.ok, () => false)) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw new Error(`${name} did not become ready`);
}
