import { BATCH_MAX } from './script.ts';

/** Requests waiting for their script at most; beyond, the gatherer refuses at once. */
export const GATHER_QUEUE_MAX = 16_384;

export class GatherFull extends Error {
  override readonly name = 'GatherFull';
}

/**
 * Gathers single requests of one turn of the event loop into batches of at most BATCH_MAX, so that a crowd's joins cost
 * one script instead of hundreds: `gather((requests) => join(connection, room, requests))`. Answers keep their order.
 * Rejects with GatherFull when GATHER_QUEUE_MAX requests wait already (answer 503), or with what `run` threw.
 */
export function gather<Request, Reply>(run: (requests: readonly Request[]) => Promise<readonly Reply[]>): (request: Request) => Promise<Reply> {
  type Waiting = { readonly request: Request; readonly resolve: (reply: Reply) => void; readonly reject: (error: unknown) => void };
  let queue: Waiting[] = [];
  let unanswered = 0;

  const send = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      const replies = await run(batch.map(({ request }) => request));
      batch.forEach(({ resolve }, index) => resolve(replies[index] as Reply));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      unanswered -= batch.length;
    }
  };
  const flush = (): void => {
    const all = queue;
    queue = [];
    for (let start = 0; start < all.length; start += BATCH_MAX) void send(all.slice(start, start + BATCH_MAX));
  };
  return (request) => new Promise<Reply>((resolve, reject) => {
    if (unanswered >= GATHER_QUEUE_MAX) return reject(new GatherFull('too many requests are waiting'));
    unanswered += 1;
    queue.push({ request, resolve, reject });
    if (queue.length === 1) setImmediate(flush);
  });
}
