import type { AddressInfo } from 'node:net';
import { configOfProcess, createLogger, runApp, type OnsaleServer } from '@onsale/runtime';
import { wire } from './wire.ts';

const config = configOfProcess('admission');
const logger = createLogger({ name: 'admission', level: config.logLevel });

await runApp({
  name: 'admission',
  logger,
  async start({ onStop }) {
    const { app, internal, close } = await wire(config, logger);
    onStop('admission', close);
    await app.listen({ host: config.host, port: config.port });
    await internal.listen({ host: config.internalHost, port: config.internalPort });
    return { public: urlOf(app), internal: urlOf(internal) };
  },
});

function urlOf(server: OnsaleServer): string {
  const { address, family, port } = server.server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
