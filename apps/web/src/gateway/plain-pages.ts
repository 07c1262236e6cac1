import type { FastifyInstance } from 'fastify';
import type { PageContext } from './page-context.ts';
import { parseForm } from './plain-form.ts';
import { servePlainOrders } from './plain-orders.ts';
import { servePlainQueue } from './plain-queue.ts';
import { servePlainSeats } from './plain-seats.ts';

/**
 * The whole way without scripts: line, seats, payment, ticket. Each step is a page made on the server of what the apps say to this fan, and a form
 * whose answer leads to the next page (303), so that a reload repeats nothing.
 */
export async function servePlainPages(app: FastifyInstance, context: PageContext): Promise<void> {
  await app.register(async (scope) => {
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, parseForm);
    servePlainQueue(scope, context);
    servePlainSeats(scope, context);
    servePlainOrders(scope, context);
  });
}
