/**
 * Refusing early is what keeps a server useful past its capacity: a reply that would come too late is worth less than an immediate "later".
 *
 *   requests in flight / inFlightMax      delay of the event loop / loopDelayMaxMs
 *
 * A route is shed once either reaches the bound of its importance; what is worth most goes last.
 */
export type Importance = keyof typeof SHED_AT;
export const SHED_AT = {
  /** Maps, lists: asked again in a moment anyway. */
  read: { inFlight: 0.6, loopDelay: 0.6 },
  /** Joining, entering, holding. */
  normal: { inFlight: 0.75, loopDelay: 0.75 },
  /** Orders, and whatever somebody does who holds seats. */
  high: { inFlight: 0.9, loopDelay: 0.9 },
  /** What a gateway carries without knowing what it is. */
  carried: { inFlight: 1, loopDelay: 1 },
  /** Confirming a payment, the operator's brake. Not for a delay: the turn that was long is over, and one sample of it can pass all bounds at once. */
  money: { inFlight: 1, loopDelay: Infinity },
  /** Health, metrics, webhooks. */
  never: { inFlight: Infinity, loopDelay: Infinity },
} as const;

export type ShedLimits = { readonly inFlightMax: number; readonly loopDelayMaxMs: number };
export const SHED_LIMITS: ShedLimits = { inFlightMax: 8_000, loopDelayMaxMs: 1_000 };

const SAMPLE_EVERY_MS = 50;
/** Weight of a falling sample: one long turn is over after about half a second. */
const DECAY = 0.7;

export type Pressure = {
  enter(): void;
  leave(): void;
  /** Whether one more request to a route of this importance is shed now. */
  isPast(importance: Importance): boolean;
  /**
   * How long this turn of the event loop has been reading requests: whoever is read now has waited so long already. Counted from the first
   * question of a turn.
   */
  turnMs(): number;
  readonly inFlight: number;
  readonly loopDelayMs: number;
  stop(): void;
};

export function watchPressure({ inFlightMax, loopDelayMaxMs }: ShedLimits, clock: () => number = () => performance.now()): Pressure {
  let inFlight = 0;
  let loopDelayMs = 0;
  let sampledAt = clock();
  let turnBeganAt: number | undefined;
  const endTurn = (): void => { turnBeganAt = undefined; };
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
    isPast: (importance) => inFlight + 1 >= SHED_AT[importance].inFlight * inFlightMax || loopDelayMs >= SHED_AT[importance].loopDelay * loopDelayMaxMs,
    turnMs() {
      if (turnBeganAt !== undefined) return clock() - turnBeganAt;
      turnBeganAt = clock();
      setImmediate(endTurn);
      return 0;
    },
    get inFlight() { return inFlight; },
    get loopDelayMs() { return loopDelayMs; },
    stop: () => clearInterval(timer),
  };
}
