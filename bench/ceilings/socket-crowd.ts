import { WebSocket } from 'ws';

/**
 * The clients of the socket bench, in a process of their own so that their memory is nobody else's: opens `count` sockets to
 * `url`, says hello with a receipt where there is one, counts the frames.
 */
type Order = { readonly url: string; readonly count: number; readonly receipts: readonly string[]; readonly perSecond: number };
let frames = 0;
let open = 0;

process.on('message', (message: { order?: Order; frames?: boolean }) => {
  if (message.order !== undefined) void openAll(message.order);
  if (message.frames === true) process.send?.({ frames, open });
});

async function openAll({ url, count, receipts, perSecond }: Order): Promise<void> {
  const every = 50;
  const batch = Math.max(1, Math.round((perSecond * every) / 1_000));
  for (let done = 0; done < count; done += batch) {
    await Promise.all(Array.from({ length: Math.min(batch, count - done) }, (_, index) => openOne(url, receipts[done + index])));
    await new Promise((resolve) => setTimeout(resolve, every));
  }
  process.send?.({ opened: open });
}

function openOne(url: string, receipt: string | undefined): Promise<void> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.on('open', () => {
      open += 1;
      if (receipt !== undefined) socket.send(JSON.stringify({ type: 'hello', receipt }));
      resolve();
    });
    socket.on('message', (data) => {
      if ((data as Buffer).includes('"frame"')) frames += 1;
    });
    socket.on('close', () => (open -= 1));
    socket.on('error', () => resolve());
  });
}
// Orders come over this channel: until the first there is nothing else to stay for.
process.channel?.ref();
process.on('disconnect', () => process.exit(0));
process.send?.({ listening: true });
