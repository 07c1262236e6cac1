import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RouteSeries } from './route-times.ts';
import { replyProblem } from './problem-reply.ts';
import type { Pressure } from './shedding.ts';

/**
 * Follows each request from its first hook to the close of its reply (which comes also when the client hangs up), counts it in, times it,
 * and answers `overloaded` in the handler's place before its time budget is over. Four looks a second over all of them cost nothing;
 * a timer and an AbortController per request would cost a third of the server.
 *
 * They stand in numbered slots that are used again, not in a Set or Map: each time one of those makes room, its old table, dead but promoted,
 * keeps every request that was in it alive until the next full collection (measured: 25 % of what was allocated, 15 % of the CPU).
 */
export type InFlight = {
  begin(request: FastifyRequest, reply: FastifyReply, series: RouteSeries, budgetMs: number): void;
  stop(): void;
};

const SWEEP_EVERY_MS = 250;
const ENTRY = Symbol('onsale.request');
type Entry = {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly series: RouteSeries;
  readonly startedAt: number;
  readonly budgetMs: number;
  readonly slot: number;
  readonly over: (response: FollowedResponse) => void;
};
type FollowedResponse = ServerResponse & { [ENTRY]: Entry };

/** One function for all replies: no closure per request. */
function onClose(this: FollowedResponse): void {
  this[ENTRY].over(this);
}

export function followRequests(pressure: Pressure): InFlight {
  const open: (FollowedResponse | undefined)[] = [];
  const freeSlots: number[] = [];
  const over = (response: FollowedResponse): void => {
    const { series, startedAt, slot } = response[ENTRY];
    open[slot] = undefined;
    freeSlots.push(slot);
    pressure.leave();
    series.add(response.statusCode, (performance.now() - startedAt) / 1_000);
  };
  const timer = setInterval(() => {
    const now = performance.now();
    for (const response of open) {
      if (response === undefined) continue;
      const { startedAt, budgetMs, request, reply } = response[ENTRY];
      // At the last look within the budget: whoever waits for us gives up a little after it.
      if (now - startedAt < budgetMs - SWEEP_EVERY_MS) continue;
      if (!reply.sent && !response.headersSent) replyProblem(request, reply, 'overloaded');
    }
  }, SWEEP_EVERY_MS);
  timer.unref();
  return {
    begin(request, reply, series, budgetMs) {
      const response = reply.raw as FollowedResponse;
      const slot = freeSlots.pop() ?? open.length;
      response[ENTRY] = { request, reply, series, startedAt: performance.now(), budgetMs, slot, over };
      response.on('close', onClose);
      open[slot] = response;
      pressure.enter();
    },
    stop: () => clearInterval(timer),
  };
}
