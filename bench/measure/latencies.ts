/** Times of single answers, for their percentiles. */
export class Latencies {
  readonly #ms: number[] = [];

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
