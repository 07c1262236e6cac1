/**
 * Refusing early is what keeps a server useful past its capacity: a reply that would come too late is worth less than an immediate "later".
 *
 *   pressure = max(requests in flight / inFlightMax, delay of the event loop / loopDelayMaxMs)
 *
 * A route is shed once the pressure reaches the bound of its importance; what is worth most goes last.
 */
export type Importance = keyof typeof SHED_AT;
export const SHED_AT = {
  /** Maps, lists: asked again in a moment anyway. */
  read: 0.6,
  /** Joining, holding. */
  normal: 0.75,
  /** Orders. */
  high: 0.9,
  /** Confirming a payment. */
  money: 1,
  /** Health, metrics, webhooks. */
  never: Infinity,
} as const;

export type ShedLimits = { readonly inFlightMax: number; readonly loopDelayMaxMs: number };
export const SHED_LIMITS: ShedLimits = { inFlightMax: 8_000, loopDelayMaxMs: 1_000 };

const SAMPLE_EVERY_MS = 50;
/** Weight of a falling sample: one long turn is over after about half a second. */
const DECAY = 0.7;

export type Pressure = {
  enter(): void;
  leave(): void;
  now(): number;
  readonly inFlight: number;
  readonly loopDelayMs: number;
  stop(): void;
};

export function watchPressure({ inFlightMax, loopDelayMaxMs }: ShedLimits, clock: () => number = () => performance.now()): Pressure {
  let inFlight = 0;
  let loopDelayMs = 0;
  let sampledAt = clock();
  const timer = setInterval(() => {
    const now = clock();
    const delay = Math.max(0, now - sampledAt - SAMPLE_EVERY_MS);
    sampledAt = now;
    loopDelayMs = Math.max(delay, loopDelayMs * DECAY);
  }, SAMPLE_EVERY_MS);
  timer.unref();
  return {
    enter: () => { inFlight += 1; },
    leave: () => { inFlight -= 1; },
    now: () => Math.max(inFlight / inFlightMax, loopDelayMs / loopDelayMaxMs),
    get inFlight() { return inFlight; },
    get loopDelayMs() { return loopDelayMs; },
    stop: () => clearInterval(timer),
  };
}
