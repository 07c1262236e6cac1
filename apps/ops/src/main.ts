import { configOfProcess, createLogger, openListeners, runApp } from '@onsale/runtime';
import { wire } from './wire.ts';

const config = configOfProcess('ops');
const logger = createLogger({ name: 'ops', level: config.logLevel });

await runApp({
  name: 'ops',
  logger,
  async start({ onStop }) {
    const { app, close } = await wire(config, logger);
    onStop('ops', close);
    return openListeners(app, config);
  },
});
