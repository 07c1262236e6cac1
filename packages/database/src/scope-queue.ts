import type { Admission } from './group-commit.ts';

/** A command on its way through group commit. */
export type Entry<Command, Answer> = {
  readonly command: Command;
  readonly resolve: (answer: Answer) => void;
  /** performance.now() of its arrival. */
  readonly queuedAt: number;
  keys: readonly string[];
  deferrals: number;
  notBefore: number;
};
type Admit<Command, Answer> = (command: Command, isTaken: (key: string) => boolean) => Admission<Answer>;
type Gathered<Command, Answer> = {
  readonly batch: Entry<Command, Answer>[];
  readonly keys: ReadonlySet<string>;
  readonly answered: (readonly [Entry<Command, Answer>, Answer])[];
  /** When the first deferred entry may be tried again; Infinity when there is none. */
  readonly wakeAt: number;
};

/** A deferred command pauses 1, 2, 4, 8, 16, 16 … ms: whoever has its row is usually another batch, gone in a few milliseconds. */
const DEFERRAL_PAUSE_MAX_MS = 16;

/** The waiting commands of one scope, and the keys of its batches in flight. */
export class ScopeQueue<Command, Answer> {
  readonly name: string;
  #waiting: Entry<Command, Answer>[] = [];
  readonly #inFlight = new Set<string>();
  #batches = 0;

  constructor(name: string) {
    this.name = name;
  }

  isIdle(): boolean {
    return this.#waiting.length === 0 && this.#batches === 0;
  }

  push(command: Command, resolve: (answer: Answer) => void, queuedAt: number): void {
    this.#waiting.push({ command, resolve, queuedAt, keys: [], deferrals: 0, notBefore: 0 });
  }

  /** Takes in order what may run now, at most `batchMax`. A command that must wait keeps later ones of the same keys behind it. */
  gather(now: number, batchMax: number, admit: Admit<Command, Answer>): Gathered<Command, Answer> {
    const batch: Entry<Command, Answer>[] = [];
    const kept: Entry<Command, Answer>[] = [];
    const answered: [Entry<Command, Answer>, Answer][] = [];
    const batchKeys = new Set<string>();
    const keptKeys = new Set<string>();
    const mustWaitFor = (key: string): boolean => this.#inFlight.has(key) || keptKeys.has(key);
    const isTaken = (key: string): boolean => mustWaitFor(key) || batchKeys.has(key);
    let seen = 0;
    let wakeAt = Infinity;
    for (const entry of this.#waiting) {
      if (batch.length >= batchMax) break;
      seen += 1;
      let mayRun = entry.notBefore <= now;
      if (mayRun) {
        const admission = admit(entry.command, isTaken);
        if ('answer' in admission) {
          answered.push([entry, admission.answer]);
          continue;
        }
        entry.keys = admission.keys;
        mayRun = !entry.keys.some(mustWaitFor);
      } else wakeAt = Math.min(wakeAt, entry.notBefore);
      (mayRun ? batch : kept).push(entry);
      for (const key of entry.keys) (mayRun ? batchKeys : keptKeys).add(key);
    }
    this.#waiting = seen === this.#waiting.length ? kept : [...kept, ...this.#waiting.slice(seen)];
    return { batch, keys: batchKeys, answered, wakeAt };
  }

  /** Marks a batch's keys as in flight. Two of its commands may share a key; the keys leave together, when the batch does. */
  take(keys: ReadonlySet<string>): () => void {
    for (const key of keys) this.#inFlight.add(key);
    this.#batches += 1;
    return () => {
      for (const key of keys) this.#inFlight.delete(key);
      this.#batches -= 1;
    };
  }

  putInFront(deferred: readonly Entry<Command, Answer>[], now: number): void {
    for (const entry of deferred) {
      entry.notBefore = now + Math.min(2 ** entry.deferrals, DEFERRAL_PAUSE_MAX_MS);
      entry.deferrals += 1;
    }
    this.#waiting = [...deferred, ...this.#waiting];
  }

  dropOlderThan(queuedAt: number): Entry<Command, Answer>[] {
    if (!this.#waiting.some((entry) => entry.queuedAt < queuedAt)) return [];
    const old = this.#waiting.filter((entry) => entry.queuedAt < queuedAt);
    this.#waiting = this.#waiting.filter((entry) => entry.queuedAt >= queuedAt);
    return old;
  }
}
