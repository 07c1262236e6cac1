import { Type, type TSchema } from 'typebox';
import * as admission from './admission.ts';
import * as booking from './booking.ts';
import * as ops from './ops.ts';
import type { Route } from './routes.ts';
import { DurationMs } from './shapes.ts';

/** Every WebSocket on the wire. A refused handshake is an HTTP problem; a refusal after it is a `problem` message before the close. */
export type SocketRoute = {
  readonly api: Route['api'];
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  /** Messages of the client; the first within 5 s. */
  readonly client: TSchema;
  readonly server: TSchema;
};

/** A refusal as HTTP has it, but for `type`, which names the message. */
export const ProblemMessage = Type.Object(
  { type: Type.Literal('problem'), code: Type.String(), title: Type.Optional(Type.String()), retryAfterMs: Type.Optional(DurationMs) },
  { additionalProperties: true },
);

export const socketRoutes: readonly SocketRoute[] = [
  {
    api: 'admission', path: '/rooms/:room/socket', id: 'placeSocket', summary: 'The place in line: a frame a second, and what changes for the own place',
    client: admission.PlaceSocketInput, server: Type.Union([admission.Frame, admission.MeMessage, ProblemMessage]),
  },
  {
    api: 'booking', path: '/shows/:show/socket', id: 'seatSocket', summary: 'The seats of a show: all of them, then what changes',
    client: booking.SeatSocketInput, server: Type.Union([booking.SeatMapReply, booking.SeatDelta, ProblemMessage]),
  },
  {
    api: 'ops', path: '/rooms/:room/socket', id: 'gaugesSocket', summary: 'The figures of a room, once a second',
    client: ops.GaugesSocketInput, server: Type.Union([ops.GaugesMessage, ProblemMessage]),
  },
];
