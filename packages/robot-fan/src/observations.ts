/**
 * What the robots saw, gathered for the report: latencies by step, refusals by code, and the facts that the judge
 * compares with the system's own journal. Bounded: one small record a fan, histograms instead of samples.
 */
export type FanRecord = {
  readonly fan: number;
  readonly kind: string;
  place: number | null;
  order: number | null;
  receipt: string | null;
  joinSentAtMs: number | null;
  joinedAtMs: number | null;
  calledAtMs: number | null;
  enteredAtMs: number | null;
  paidAtMs: number | null;
  readonly positions: number[];
  /** Every hold that was answered with 201 or 200. */
  readonly holds: AcknowledgedHold[];
  orderId: string | null;
  seats: number[];
  amount: number | null;
  tickets: number;
  outcome: string;
};

/** What booking has promised (B2): these seats, for so long from `atMs` on. `isGivenBack`: the fan has asked to end it. */
export type AcknowledgedHold = {
  readonly id: string;
  readonly seats: readonly number[];
  readonly remainingMs: number;
  readonly atMs: number;
  isGivenBack: boolean;
};

export type Violation = { readonly invariant: string; readonly detail: string };

export const POSITIONS_KEPT_MAX = 32;
const VIOLATIONS_KEPT_MAX = 1_000;

export class Observations {
  readonly fans: FanRecord[] = [];
  readonly steps = new Map<string, Latencies>();
  readonly refusals = new Map<string, number>();
  readonly violations: Violation[] = [];
  frames = 0;
  sockets = 0;

  newFan(fan: number, kind: string): FanRecord {
    const record: FanRecord = {
      fan,
      kind,
      place: null,
      order: null,
      receipt: null,
      joinSentAtMs: null,
      joinedAtMs: null,
      calledAtMs: null,
      enteredAtMs: null,
      paidAtMs: null,
      positions: [],
      holds: [],
      orderId: null,
      seats: [],
      amount: null,
      tickets: 0,
      outcome: 'not-started',
    };
    this.fans.push(record);
    return record;
  }

  step(name: string, ms: number): void {
    let latencies = this.steps.get(name);
    if (latencies === undefined) this.steps.set(name, (latencies = new Latencies()));
    latencies.add(ms);
  }

  refusal(step: string, code: string): void {
    const key = `${step} ${code}`;
    this.refusals.set(key, (this.refusals.get(key) ?? 0) + 1);
  }

  violation(invariant: string, detail: string): void {
    if (this.violations.length < VIOLATIONS_KEPT_MAX) this.violations.push({ invariant, detail });
  }
}

/** Logarithmic histogram, 5 % wide buckets from 0.1 ms to 10 min: quantiles without keeping samples. */
export class Latencies {
  static readonly #growth = Math.log(1.05);
  readonly #buckets = new Map<number, number>();
  count = 0;
  maxMs = 0;

  add(ms: number): void {
    const bucket = Math.round(Math.log(Math.max(ms, 0.1)) / Latencies.#growth);
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
    this.count += 1;
    this.maxMs = Math.max(this.maxMs, ms);
  }

  /** The value below which the share `q` of the samples lies, within 5 %; 0 without samples. */
  quantile(q: number): number {
    let left = Math.ceil(this.count * q);
    for (const [bucket, count] of [...this.#buckets].toSorted(([one], [other]) => one - other)) {
      left -= count;
      if (left <= 0) return Math.min(Math.exp(bucket * Latencies.#growth), this.maxMs);
    }
    return 0;
  }
}
