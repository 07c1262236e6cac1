import type { Place, RoomId } from '@onsale/kernel';
import * as real from '../../src/index.ts';
import type * as model from '../../src/model/index.ts';
import type { HeldRedis } from './held-redis.ts';

/** The verbs of the model, or of one that a negative control has changed. */
export type Twin = typeof model;
type Sided<Verb extends (connection: real.RoomConnection, room: RoomId, ...rest: never) => unknown> =
  Verb extends (connection: real.RoomConnection, room: RoomId, ...rest: infer Rest) => infer Reply ? (...rest: Rest) => Reply | Awaited<Reply> : never;

/** All verbs of a room, asked alike of the scripts and of the model. */
export type Side = {
  readonly [Name in 'join' | 'readPlace' | 'keepPlace' | 'returnPlace' | 'finish' | 'leave' | 'revoke' | 'restore' | 'enter' | 'redeem'
    | 'reconcile' | 'sweep' | 'readopt' | 'retire' | 'call' | 'readGauges' | 'readFrame' | 'readCalled']: Sided<(typeof real)[Name]>;
} & { configure(settings: real.RoomSettings, options: { create: boolean }): real.ConfigureWord | Promise<real.ConfigureWord> };

export function redisSide(held: HeldRedis, room: RoomId): Side {
  return {
    join: (requests) => real.join(held, room, requests),
    readPlace: (places) => real.readPlace(held, room, places),
    keepPlace: (places) => real.keepPlace(held, room, places),
    returnPlace: (place) => real.returnPlace(held, room, place),
    finish: (place) => real.finish(held, room, place),
    leave: (place) => real.leave(held, room, place),
    revoke: (place) => real.revoke(held, room, place),
    restore: (receipt) => real.restore(held, room, receipt),
    enter: (request) => real.enter(held, room, request),
    redeem: (request) => real.redeem(held, room, request),
    reconcile: (given) => real.reconcile(held, room, given),
    sweep: () => real.sweep(held, room),
    readopt: (expected, seen) => real.readopt(held, room, expected, seen),
    retire: (epoch) => real.retire(held, room, epoch),
    call: (request) => real.call(held, room, request),
    readGauges: () => real.readGauges(held, room),
    readFrame: () => real.readFrame(held, room),
    readCalled: (cursor) => real.readCalled(held, room, cursor),
    configure: (settings, options) => real.configure(held, settings, options),
  };
}

/** `held` tells the model the TIME that the scripts see. */
export function modelSide(twin: Twin, room: model.ModelRoom, held: HeldRedis): Side {
  return {
    join: (requests) => twin.join(room, requests),
    readPlace: (places) => twin.readPlace(room, places),
    keepPlace: (places) => twin.keepPlace(room, places),
    returnPlace: (place: Place) => twin.returnPlace(room, place),
    finish: (place: Place) => twin.finish(room, place),
    leave: (place: Place) => twin.leave(room, place),
    revoke: (place: Place) => twin.revoke(room, place),
    restore: (receipt) => twin.restore(room, receipt),
    enter: (request) => twin.enter(room, { ...request, nowMs: held.nowMs }),
    redeem: (request) => twin.redeem(room, request),
    reconcile: (given) => twin.reconcile(room, given),
    sweep: () => twin.sweep(room),
    readopt: (expected, seen) => twin.readopt(room, expected, seen),
    retire: (epoch) => twin.retire(room, epoch),
    call: (request) => twin.call(room, { ...request, nowMs: held.nowMs }),
    readGauges: () => twin.readGauges(room),
    readFrame: () => twin.readFrame(room),
    readCalled: (cursor) => twin.readCalled(room, cursor),
    configure: (settings, options) => twin.configure(room, settings, { ...options, nowMs: held.nowMs }),
  };
}
