import { buildInside, configOfProcess, createLogger, createMetrics, openInside, runApp } from '@onsale/runtime';
import { SANDBOX_MERCHANTS, type Merchant } from './toss/merchants.ts';
import { startSandbox } from './wire.ts';

const config = configOfProcess('sandbox');
const logger = createLogger({ name: 'sandbox', level: config.logLevel });
/** The shop of this installation, under the keys that its booking uses; the sandbox's own merchants stay for programs and tests. */
const shop: Merchant = {
  mid: 'tonsale',
  version: '2024-06-01',
  keys: [{ kind: 'api', client: config.secrets.toss.clientKey, secret: config.secrets.toss.secretKey }],
};

await runApp({
  name: 'sandbox',
  logger,
  async start({ onStop }) {
    const sandbox = await startSandbox({
      host: config.host,
      port: config.port,
      webhookUrl: `${config.bookingUrl}/api/booking/webhooks/toss`,
      merchants: [shop, ...SANDBOX_MERCHANTS],
    });
    onStop('sandbox', () => sandbox.close());
    const inside = buildInside({ name: 'sandbox', logger, metrics: createMetrics('sandbox'), publicOrigins: [] });
    onStop('inside', () => inside.close());
    return { public: sandbox.url, ...await openInside(inside, config) };
  },
});
