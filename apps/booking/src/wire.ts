import { createGuesses } from './guards/guesses.ts';
import { createEntryGuard } from './guards/require-entry.ts';
import { createHoldEngine, holdsOfSession, openEntrySessions, openShowBooks } from '@onsale/booking';
import { ADMISSION_PREFIX, DEVICE_COOKIE, HOLDS_LISTED_MAX, SESSION_COOKIE } from '@onsale/contract';
import { checkSchema, openDatabase } from '@onsale/database';
import { createEntryGuard as createDoor, createJwksSource } from '@onsale/entry-token';
import type { FailureLimits, OpaqueId, Sleep } from '@onsale/kernel';
import { createOrderIdSigner, createTossClient, tellCall } from '@onsale/payments';
import { ownCookie, type BookingConfig, type Logger } from '@onsale/runtime';
import { createBellBook, createTicketSigner, type SalesContext } from '@onsale/sales';
import { randomBytes, type KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { BookingContext } from './context.ts';
import { openRedeemClient } from './redeem-client.ts';

/** A buyer's step is a few statements of a millisecond: 50 in line for a connection wait less than a second, far less than a 503 costs them. */
const QUEUE_PER_CONNECTION = 50;
const JWKS_MS_MAX = 2_000;
const JWKS_RETRY_MS = 500;
const JWKS_CHECK_EVERY_MS = 30_000;
/** Where browsers load the payment window from; a sandbox serves its own. */
const TOSS_SCRIPT_ORIGIN = 'https://js.tosspayments.com';

export type Wired = { readonly context: BookingContext; readonly ready: Record<string, () => boolean>; readonly close: () => Promise<void> };

/** For tests: `onQuery` is told every statement; `limits` and `sleep` are those of checks of proofs (see ProofChecks). */
export type WireOptions = { readonly onQuery?: (sql: string) => void; readonly limits?: FailureLimits; readonly sleep?: Sleep };
const pause: Sleep = (ms) => sleep(ms, undefined, { ref: false });

/** The only place of this app that opens clients. */
export async function wire(config: BookingConfig, logger: Logger, { onQuery, ...proofs }: WireOptions = {}): Promise<Wired> {
  const onFault = (error: unknown): void => logger.warn({ err: error }, 'booking store');
  const database = openDatabase({
    url: config.databaseUrl,
    ...config.pools,
    queuePerConnection: QUEUE_PER_CONNECTION,
    ...(onQuery === undefined ? {} : { onQuery }),
  });
  await checkSchema(database.reads);
  const books = openShowBooks({ pool: database.reads, onFault });
  const engine = createHoldEngine({ pool: database.hot, reads: database.reads, books, onFault });
  const sessions = openEntrySessions({ pool: database.reads, onFault });
  const redeemer = openRedeemClient(config.admissionInternalUrl, config.secrets.internal[0] as string);
  const secure = config.secureCookies;
  const [sessionCookie, deviceCookie] = [ownCookie(SESSION_COOKIE, { secure }), ownCookie(DEVICE_COOKIE, { secure })];
  const nowMs = (): number => Date.now();
  const keys = openKeys(config.admissionUrl, logger);
  const sales = openSales(config, logger, { database, engine, books, sessions });
  const context: BookingContext = {
    database,
    books,
    engine,
    sessions,
    redeemer,
    sessionCookie,
    socketBounds: config.sockets,
    nowMs,
    holdsOf: (show, sid) => holdsOfSession(database.reads, show, sid, HOLDS_LISTED_MAX),
    guard: createEntryGuard({
      sessionKeys: config.secrets.session,
      deviceKeys: config.secrets.device,
      isEnded: (sid) => sessions.isEnded(sid),
      nowMs,
      cookieNames: { session: sessionCookie.name, device: deviceCookie.name },
    }),
    // The waiting room signs under the origin that both are told: another house's token, under whatever key, is foreign.
    door: createDoor({ keys: keys.source, clock: nowMs, iss: config.publicOrigin, ...proofs }),
    guesses: createGuesses(() => performance.now(), proofs.sleep ?? pause, proofs.limits),
    sessionKeys: config.secrets.session as [KeyObject, ...KeyObject[]],
    holdIdSecret: config.secrets.holdId[0] as KeyObject,
    sales,
    bell: createBellBook(sales, () => performance.now()),
    ticketSigner: createTicketSigner(config.secrets.ticketKeys[0] as { kid: string; privateKeyPem: string }),
    toss: { clientKey: config.secrets.toss.clientKey, scriptUrl: `${config.sandboxUrl ?? TOSS_SCRIPT_ORIGIN}/v2/standard` },
  };
  const close = async (): Promise<void> => {
    keys.close();
    await engine.close();
    await Promise.all([books.close(), sessions.close(), redeemer.close(), sales.provider.close()]);
    await database.close();
  };
  return { context, ready: { keys: keys.known, ends: () => sessions.knowsEnds() }, close };
}

function openSales(config: BookingConfig, logger: Logger, stores: Pick<SalesContext, 'database' | 'engine' | 'books' | 'sessions'>): SalesContext {
  const { toss, order } = config.secrets;
  return {
    ...stores,
    provider: createTossClient({
      baseUrl: config.tossUrl, secretKey: toss.secretKey, connections: config.tossConnections, onCall: tellCall(logger),
    }),
    orderIds: createOrderIdSigner(toss.orderMac),
    orderKeys: order as [KeyObject, ...KeyObject[]],
    newId: () => randomBytes(16).toString('base64url') as OpaqueId,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
    onFault: (saga, error) => logger.warn({ err: error, saga }, 'a saga will go on later'),
  };
}

/** The waiting room's public keys; admission may start after us, so the first load is repeated until it succeeds. */
function openKeys(admissionUrl: string, logger: Logger) {
  let known = false;
  let timer: NodeJS.Timeout | undefined;
  const source = createJwksSource({
    load: async () => {
      const answer = await request(`${admissionUrl}${ADMISSION_PREFIX}/.well-known/jwks.json`, { signal: AbortSignal.timeout(JWKS_MS_MAX) });
      if (answer.statusCode !== 200) throw new Error(`JWKS answered ${answer.statusCode}`);
      return await answer.body.json();
    },
    clock: () => performance.now(),
    onError: (error) => known && logger.warn({ err: error }, 'the public keys could not be refreshed'),
  });
  const next = (): void => {
    const work = known
      ? source.refresh()
      : source.start().then(() => {
          known = true;
        });
    void work
      .catch(() => undefined)
      .finally(() => {
        if (timer !== undefined) timer = setTimeout(next, known ? JWKS_CHECK_EVERY_MS : JWKS_RETRY_MS);
      });
  };
  timer = setTimeout(next, 0);
  return {
    source,
    known: () => known,
    close: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
