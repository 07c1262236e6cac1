import { RawConnection, type RawAnswer } from '../measure/raw-connection.ts';

/**
 * A few fans beside the crowd, in a process of their own that is never busy: what they measure is how long a fan waits for an answer, free of
 * the queue that a crowd of clients on one core makes for itself. One of them asks every `everyMs`, in turn; each asks for one hold, once.
 */
export type FansOrder = { readonly url: string; readonly requests: readonly string[]; readonly everyMs: number };
export type FansReport = {
  readonly answers: readonly RawAnswer[];
  readonly lost: number;
  /** How late this process was itself, each time: the most that its own core has added. */
  readonly lateMs: readonly number[];
};

process.on('message', ({ order, begin }: { order?: FansOrder; begin?: boolean }) => {
  if (order !== undefined) void prepare(order);
  if (begin === true) void ask();
});

const FANS = 200;
let fans: RawConnection[] = [];
let orders: FansOrder;

async function prepare(order: FansOrder): Promise<void> {
  orders = order;
  fans = await Promise.all(Array.from({ length: FANS }, () => RawConnection.open(order.url)));
  process.send?.({ ready: true });
}

async function ask(): Promise<void> {
  const { requests, everyMs } = orders;
  const [answers, lateMs, asking]: [RawAnswer[], number[], Promise<void>[]] = [[], [], []];
  let lost = 0;
  const beganAt = performance.now();
  for (const [index, request] of requests.entries()) {
    const dueAt = beganAt + index * everyMs;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueAt - performance.now())));
    lateMs.push(Math.max(0, performance.now() - dueAt));
    const fan = fans.shift();
    if (fan === undefined) {
      // All of them are waiting for an answer.
      lost += 1;
      continue;
    }
    asking.push(fan.ask(request).then((answer) => { answers.push(answer); fans.push(fan); }, () => { lost += 1; }));
  }
  await Promise.all(asking);
  for (const fan of fans) fan.close();
  process.send?.({ report: { answers, lost, lateMs } satisfies FansReport });
}

// Orders come over this channel: until the first there is nothing else to stay for.
process.channel?.ref();
process.on('disconnect', () => process.exit(0));
process.send?.({ listening: true });
