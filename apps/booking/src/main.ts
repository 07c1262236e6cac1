import { configOfProcess, createLogger, createMetrics, openListeners, runApp } from '@onsale/runtime';
import { buildApp } from './app.ts';
import { wire } from './wire.ts';

const config = configOfProcess('booking');
const logger = createLogger({ name: 'booking', level: config.logLevel });

await runApp({
  name: 'booking',
  logger,
  async start({ onStop }) {
    const { context, ready, close } = await wire(config, logger);
    onStop('clients', close);
    const metrics = createMetrics('booking');
    const { publicOrigins, trustedProxies, checkReplies } = config;
    const app = await buildApp({ logger, metrics, ready, publicOrigins, trustedProxies, checkReplies }, context);
    onStop('server', () => app.close());
    return openListeners(app, config);
  },
});
