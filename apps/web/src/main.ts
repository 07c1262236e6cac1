import { configOfProcess } from '@onsale/runtime';
import { wire } from './wire.ts';

const config = configOfProcess('web');
const server = await wire(config);
const url = await server.listen({ host: config.host, port: config.port });
process.send?.({ type: 'ready', url });

let stopping: Promise<void> | undefined;
const stop = (): void => {
  stopping ??= server.close().then(() => process.exit(0));
};
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
// The parent is gone, however it went.
process.once('disconnect', stop);
