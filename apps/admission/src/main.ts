import { configOfProcess, createLogger, openListeners, runApp } from '@onsale/runtime';
import { wire } from './wire.ts';

const config = configOfProcess('admission');
const logger = createLogger({ name: 'admission', level: config.logLevel });

await runApp({
  name: 'admission',
  logger,
  async start({ onStop }) {
    const { app, close } = await wire(config, logger);
    onStop('admission', close);
    return openListeners(app, config);
  },
});
