import type { AddressInfo } from 'node:net';
import { configOfProcess, createLogger, runApp } from '@onsale/runtime';
import { wire } from './wire.ts';

const config = configOfProcess('ops');
const logger = createLogger({ name: 'ops', level: config.logLevel });

await runApp({
  name: 'ops',
  logger,
  async start({ onStop }) {
    const { app, close } = await wire(config, logger);
    onStop('ops', close);
    await app.listen({ host: config.host, port: config.port });
    const { address, family, port } = app.server.address() as AddressInfo;
    return { ops: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}` };
  },
});
