import type { AddressInfo } from 'node:net';
import { configOfProcess, createLogger, runApp } from '@onsale/runtime';
import { wire } from './wire.ts';

const config = configOfProcess('worker');
const logger = createLogger({ name: 'worker', level: config.logLevel });

await runApp({
  name: 'worker',
  logger,
  async start({ onStop }) {
    const { app, close } = await wire(config, logger);
    onStop('worker', close);
    await app.listen({ host: config.host, port: config.port });
    const { address, port } = app.server.address() as AddressInfo;
    return { internal: `http://${address.includes(':') ? `[${address}]` : address}:${port}` };
  },
});
