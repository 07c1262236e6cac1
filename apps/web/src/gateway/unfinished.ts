import { replyProblem } from '@onsale/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/**
 * Requests whose body has not come yet: each keeps a buffer and a connection for up to ten seconds. So many may a source have at once, and so
 * many all together; past that a newcomer is refused and nobody inside is touched. A fan's body comes in the packet of its head: whoever has
 * this many under way is not a crowd behind one address.
 */
export type UnfinishedLimits = { readonly perSource: number; readonly all: number };
export const UNFINISHED_LIMITS: UnfinishedLimits = { perSource: 256, all: 4_096 };
const RETRY_AFTER_MS = 5_000;

export function boundUnfinished(app: FastifyInstance, limits: UnfinishedLimits): { readonly open: () => number } {
  const bySource = new Map<string, number>();
  let open = 0;
  const over = (source: string): void => {
    open -= 1;
    const left = (bySource.get(source) ?? 1) - 1;
    if (left === 0) bySource.delete(source);
    else bySource.set(source, left);
  };
  app.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    if (!hasBody(request)) return done();
    const { source } = request;
    const mine = bySource.get(source) ?? 0;
    if (mine >= limits.perSource || open >= limits.all) {
      void reply.header('connection', 'close');
      return void replyProblem(request, reply, mine >= limits.perSource ? 'rate-limited' : 'overloaded', { retryAfterMs: RETRY_AFTER_MS });
    }
    open += 1;
    bySource.set(source, mine + 1);
    // Comes when the body has been read to its end, and when the connection is gone.
    request.raw.once('close', () => over(source));
    done();
  });
  return { open: () => open };
}

const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] !== undefined && headers['content-length'] !== '0');
