// A program that starts both servers and a Node app, says their process ids, and lives until it is killed.
import { startMariadb, startNode, startRedis } from '@onsale/services';

const dir = process.argv[2] as string;
const redis = await startRedis({ dir: `${dir}/redis` });
const mariadb = await startMariadb({ dir: `${dir}/mariadb` });
const app = startNode(new URL('app.ts', import.meta.url).pathname, { name: 'app', env: {} });
await app.message((message): message is 'ready' => message === 'ready', 10_000);
process.stdout.write(`${JSON.stringify({ redis: redis.pid, mariadb: mariadb.pid, app: app.pid })}\n`);
setInterval(() => undefined, 60_000);
