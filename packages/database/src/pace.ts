/** Weight of the newest batch: a slow one counts, and is forgotten after a few. */
const WEIGHT = 0.3;

/**
 * How fast a queue empties, so that a newcomer is told at once that its turn would not come soon. Measured only while there is more to do than
 * one batch takes: a batch of one says nothing about how fast a crowd would leave.
 */
export class Pace {
  #msEach = 0;
  #left = 0;
  #since = 0;

  /** So many have left the queue with an answer. */
  left(count: number): void {
    this.#left += count;
  }
  batchOver(now: number, startedAt: number, areMoreWaiting: boolean): void {
    const ms = (now - Math.max(this.#since, startedAt)) / Math.max(1, this.#left);
    this.#since = now;
    this.#left = 0;
    if (!areMoreWaiting) this.#msEach *= 1 - WEIGHT;
    else this.#msEach = this.#msEach === 0 ? ms : this.#msEach + WEIGHT * (ms - this.#msEach);
  }
  /** Of the last of so many. */
  waitMs(waiting: number): number {
    return waiting * this.#msEach;
  }
}
