import { configOfProcess, createLogger, openListeners, runApp } from '@onsale/runtime';
import { wire } from './wire.ts';

const config = configOfProcess('web');
const logger = createLogger({ name: 'web', level: config.logLevel });

await runApp({
  name: 'web',
  logger,
  async start({ onStop }) {
    const server = await wire(config, logger);
    onStop('web', () => server.close());
    return openListeners(server, config);
  },
});
