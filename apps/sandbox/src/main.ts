import { configOfProcess } from '@onsale/runtime';
import { SANDBOX_MERCHANTS, type Merchant } from './toss/merchants.ts';
import { startSandbox } from './wire.ts';

/** The shop of this installation, under the keys that its booking uses; the sandbox's own merchants stay for programs and tests. */
const config = configOfProcess('sandbox');
const shop: Merchant = {
  mid: 'tonsale',
  version: '2024-06-01',
  keys: [{ kind: 'api', client: config.secrets.toss.clientKey, secret: config.secrets.toss.secretKey }],
};

const sandbox = await startSandbox({
  host: config.host,
  port: config.port,
  webhookUrl: `${config.bookingUrl}/api/booking/webhooks/toss`,
  merchants: [shop, ...SANDBOX_MERCHANTS],
});
process.send?.({ type: 'ready', url: sandbox.url });

let stopping: Promise<void> | undefined;
const stop = (): void => {
  stopping ??= sandbox.close().then(() => process.exit(0));
};
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
// The parent is gone, however it went.
process.once('disconnect', stop);
