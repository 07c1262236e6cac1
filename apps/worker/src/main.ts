import { configOfProcess, createLogger, openInside, runApp } from '@onsale/runtime';
import { wire } from './wire.ts';

const config = configOfProcess('worker');
const logger = createLogger({ name: 'worker', level: config.logLevel });

await runApp({
  name: 'worker',
  logger,
  async start({ onStop }) {
    const { inside, close } = await wire(config, logger);
    onStop('worker', close);
    return openInside(inside, config);
  },
});
