import type { AddressInfo } from 'node:net';
import { configOfProcess, createLogger, runApp } from '@onsale/runtime';
import { wire } from './wire.ts';

const config = configOfProcess('web');
const logger = createLogger({ name: 'web', level: config.logLevel });

await runApp({
  name: 'web',
  logger,
  async start({ onStop }) {
    const server = await wire(config, logger);
    onStop('web', () => server.close());
    await server.listen({ host: config.host, port: config.port });
    const { address, family, port } = server.server.address() as AddressInfo;
    return { web: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}` };
  },
});
