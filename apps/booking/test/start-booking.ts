import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ADMISSION_PREFIX,
  BOOKING_PREFIX,
  CLIENT_KEY_HEADER,
  type EntryReply,
  type OrderReply,
  type PaymentReply,
  type PlaceReply,
  type SessionReply,
} from '@onsale/contract';
import { userOfApp } from '@onsale/database';
import { claimsOf, bindingOf, bindingText, signEntryToken, type HolderSecret } from '@onsale/entry-token';
import { FAILURE_LIMITS, SECOND_MS, type Place, type RoomId, type ShowId } from '@onsale/kernel';
import { createLogger, createMetrics, SHED_LIMITS, type BookingConfig, type OnsaleServer } from '@onsale/runtime';
import { makeOnSale, openWholeSystem, until, type AppProcess, type WholeSystem } from '@onsale/testing';
import { createCaller, openRoomConnection, type RoomConnection } from '@onsale/waiting-room';
import { buildApp } from '../src/app.ts';
import { wire, type Wired, type WireOptions } from '../src/wire.ts';

/** Booking in this process, so that its queries can be counted; the waiting room, Redis, MariaDB and the sandbox are real ones. */
export type Booking = {
  readonly system: WholeSystem;
  readonly app: OnsaleServer;
  readonly wired: Wired;
  readonly connection: RoomConnection;
  /** Statements since the last reading, polls of the background left out. */
  readonly queriesSince: () => string[];
  readonly close: () => Promise<void>;
};
export type Fan = { readonly clientKey: string; readonly receipt: string; readonly place: Place };
export type Inside = Fan & { readonly session: string; readonly headers: Record<string, string> };
export const PORTAL = 'http://localhost:3000';
export const newKey = (): string => randomBytes(16).toString('base64url');

/** What booking asks of the database by itself, whoever comes: revocations, terms, and the seat maps that are open. It belongs to no request. */
const BACKGROUND = [
  /^SELECT sid FROM session_end WHERE at >/,
  /FROM show_sale WHERE show_id IN/,
  /FROM show_layout l JOIN show_sale/,
  /^SELECT version FROM show_clock/,
  /LEFT\(claim, 4\) FROM seat WHERE show_id = \? ORDER BY/,
  /FROM seat_delta WHERE show_id = \? AND version >/,
];

/**
 * What limits do does not depend on how busy the machine is: a source is given nothing back for its failures, and nobody who waits for a check is
 * given up for the time it takes. Both have tests of their own beside ProofChecks and FailureLimiter.
 */
export const TIMELESS: WireOptions = {
  limits: { ...FAILURE_LIMITS, perMinute: 0.01 },
  sleep: (ms) => (ms < SECOND_MS ? sleep(ms, undefined, { ref: false }) : new Promise(() => {})),
};

export async function startBooking(options: WireOptions = {}): Promise<Booking> {
  const system = await openWholeSystem({ processes: { sandbox: 1, admission: 1 }, env: { PUBLIC_ORIGIN: PORTAL } });
  await makeOnSale(system, { ratePerMinute: null, capacity: 500 });
  const [admission, sandbox] = [system.apps('admission')[0] as AppProcess, system.apps('sandbox')[0] as AppProcess];
  const config: BookingConfig = {
    app: 'booking',
    production: false,
    host: '127.0.0.1',
    port: 0,
    internalHost: '127.0.0.1',
    internalPort: 0,
    publicOrigins: [PORTAL],
    publicOrigin: PORTAL,
    secureCookies: false,
    logLevel: 'silent',
    trustedProxies: { hops: 0, networks: [] },
    checkReplies: true,
    dataFolder: system.folder,
    databaseUrl: system.mariadb.userUrl(userOfApp('booking')),
    pools: { hot: 3, money: 4, reads: 5 },
    sockets: { handshakesPerSecond: 2_000, newcomersMax: 8_192 },
    admissionUrl: admission.url,
    admissionInternalUrl: admission.internalUrl,
    tossUrl: sandbox.url,
    tossConnections: 256,
    sandboxUrl: sandbox.url,
    secrets: system.secrets,
  };
  const queries: string[] = [];
  const wired = await wire(config, createLogger({ name: 'booking', level: 'silent' }), { onQuery: (sql) => void queries.push(sql), ...options });
  const app = await buildApp(
    {
      logger: createLogger({ name: 'booking', level: 'silent' }),
      metrics: createMetrics('booking-test'),
      publicOrigins: [PORTAL],
      checkReplies: true,
      // What is told apart here is not how busy the machine is.
      shed: { ...SHED_LIMITS, loopDelayMaxMs: Infinity },
    },
    wired.context,
  );
  const connection = openRoomConnection(system.redis.url);
  await connection.ready();
  await until('booking is ready', () => Object.values(wired.ready).every((check) => check()));
  return {
    system,
    app,
    wired,
    connection,
    queriesSince: () => queries.splice(0).filter((sql) => !BACKGROUND.some((pattern) => pattern.test(sql))),
    close: async () => {
      await app.close();
      await wired.close();
      await connection.close();
      await system.close();
    },
  };
}

export async function joinLine({ system }: Booking, room = 'demo', clientKey = newKey()): Promise<Fan> {
  const answer = await post(`${system.apps('admission')[0]?.url}${ADMISSION_PREFIX}/rooms/${room}/places`, { clientKey });
  const place = (await answer.json()) as PlaceReply;
  return { clientKey, receipt: place.receipt ?? '', place: place.place as Place };
}

/** Called and entered: the token, not yet redeemed. */
export async function entryTokenOf(booking: Booking, fan: Fan, room = 'demo'): Promise<string> {
  const caller = createCaller(booking.connection, room as RoomId, () => performance.now());
  const path = `${booking.system.apps('admission')[0]?.url}${ADMISSION_PREFIX}/rooms/${room}/places/me/entry`;
  let token: string | undefined;
  await until('the place is entered', async () => {
    await caller.tick();
    const answer = await post(path, undefined, { authorization: `Bearer ${fan.receipt}` });
    if (answer.ok) token = ((await answer.json()) as EntryReply).entryToken;
    return token !== undefined;
  });
  return token as string;
}

export async function goInside(booking: Booking, room = 'demo'): Promise<Inside> {
  const fan = await joinLine(booking, room);
  const entryToken = await entryTokenOf(booking, fan, room);
  const answer = await booking.app.inject({ method: 'POST', url: `${BOOKING_PREFIX}/entry`, payload: { entryToken, clientKey: fan.clientKey } });
  if (answer.statusCode !== 201) throw new Error(`the door answered ${answer.statusCode} ${answer.body}`);
  const session = answer.json<SessionReply>().session as string;
  return { ...fan, session, headers: { authorization: `Bearer ${session}`, [CLIENT_KEY_HEADER]: fan.clientKey } };
}

/** A token with any claims, under any key: what a forger, or time, makes. */
export function forgeToken(
  booking: Booking,
  clientKey: string,
  { key = booking.system.secrets.entryKeys[0], enteredAtMs = Date.now(), room = 'demo', place = 4_294_967_297, shows = ['demo'], iss = PORTAL } = {},
): string {
  if (key === undefined) throw new Error('no key');
  const claims = claimsOf(
    { room: room as RoomId, place: place as Place, callNo: 1, shows: shows as ShowId[], enteredAtMs, kh: bindingText(bindingOf(clientKey as HolderSecret)) },
    { iss, nowMs: enteredAtMs },
  );
  return signEntryToken(claims, key);
}

export async function approvePayment(booking: Booking, payment: PaymentReply, outcome = 'approve'): Promise<string> {
  const answer = await post(`${booking.system.apps('sandbox')[0]?.url}/control/payments`, {
    tossClientKey: payment.tossClientKey,
    orderId: payment.providerOrderId,
    amount: payment.amount,
    outcome,
  });
  return ((await answer.json()) as { paymentKey: string }).paymentKey;
}
export type Paid = { readonly order: OrderReply; readonly orderKey: string };

function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
