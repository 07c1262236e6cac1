import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RouteSeries } from './route-times.ts';
import { replyProblem } from './problem-reply.ts';
import type { Pressure } from './shedding.ts';

/**
 * Follows each request from its first hook to the close of its reply (which comes also when the client hangs up), counts it in, times it,
 * and answers `overloaded` in the handler's place when it takes longer than `handlerMs`. One look a second over a set in order of arrival
 * costs nothing; a timer and an AbortController per request would cost a third of the server.
 */
export type InFlight = {
  begin(request: FastifyRequest, reply: FastifyReply, series: RouteSeries): void;
  stop(): void;
};

const SWEEP_EVERY_MS = 1_000;
const ENTRY = Symbol('onsale.request');
type Entry = {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly series: RouteSeries;
  readonly startedAt: number;
  readonly over: (response: FollowedResponse) => void;
};
type FollowedResponse = ServerResponse & { [ENTRY]: Entry };

/** One function for all replies: no closure per request. */
function onClose(this: FollowedResponse): void {
  this[ENTRY].over(this);
}

export function followRequests(pressure: Pressure, handlerMs: number): InFlight {
  const open = new Set<FollowedResponse>();
  const over = (response: FollowedResponse): void => {
    open.delete(response);
    pressure.leave();
    const { series, startedAt } = response[ENTRY];
    series.add(response.statusCode, (performance.now() - startedAt) / 1_000);
  };
  const timer = setInterval(() => {
    const now = performance.now();
    for (const response of open) {
      const { startedAt, request, reply } = response[ENTRY];
      if (now - startedAt < handlerMs) break;
      if (!reply.sent && !response.headersSent) replyProblem(request, reply, 'overloaded');
    }
  }, SWEEP_EVERY_MS);
  timer.unref();
  return {
    begin(request, reply, series) {
      const response = reply.raw as FollowedResponse;
      response[ENTRY] = { request, reply, series, startedAt: performance.now(), over };
      response.on('close', onClose);
      open.add(response);
      pressure.enter();
    },
    stop: () => clearInterval(timer),
  };
}
