/** Times of single answers, for their percentiles. */
export class Latencies {
  readonly #ms: number[] = [];

  static together(some: readonly Latencies[]): Latencies {
    const all = new Latencies();
    for (const one of some) for (const ms of one.#ms) all.add(ms);
    return all;
  }

  add(ms: number): void {
    this.#ms.push(ms);
  }
  get count(): number {
    return this.#ms.length;
  }
  /** `share` 0.5 for the median; 0 when there are none. */
  at(share: number): number {
    const sorted = Float64Array.from(this.#ms).sort();
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  }
}
