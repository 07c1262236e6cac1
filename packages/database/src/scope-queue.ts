import type { Admission } from './group-commit.ts';

/** A command on its way through group commit. */
export type Entry<Command, Answer> = {
  readonly command: Command;
  readonly resolve: (answer: Answer) => void;
  /** performance.now() of its arrival. */
  readonly queuedAt: number;
  /** It starts something new, and stands behind all that go on with something begun. */
  readonly starts: boolean;
  keys: readonly string[];
  deferrals: number;
  notBefore: number;
};
export const newEntry = <Command, Answer>(
  command: Command, resolve: (answer: Answer) => void, { queuedAt, starts }: { readonly queuedAt: number; readonly starts: boolean },
): Entry<Command, Answer> => ({ command, resolve, queuedAt, starts, keys: [], deferrals: 0, notBefore: 0 });
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
  /** First those that go on, then those that start. */
  #waiting: Entry<Command, Answer>[] = [];
  readonly #inFlight = new Set<string>();
  #batches = 0;

  constructor(name: string) {
    this.name = name;
  }

  isIdle(): boolean {
    return this.#waiting.length === 0 && this.#batches === 0;
  }

  push(entry: Entry<Command, Answer>): void {
    if (entry.starts) this.#waiting.push(entry);
    else this.#waiting.splice(this.#firstStart(), 0, entry);
  }

  #firstStart(): number {
    const first = this.#waiting.findIndex(({ starts }) => starts);
    return first === -1 ? this.#waiting.length : first;
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
    const first = this.#firstStart();
    const { going = [], starting = [] } = Object.groupBy(deferred, ({ starts }) => (starts ? 'starting' : 'going'));
    this.#waiting = [...going, ...this.#waiting.slice(0, first), ...starting, ...this.#waiting.slice(first)];
  }

  dropOlder({ startsOldest, goesOnOldest }: { readonly startsOldest: number; readonly goesOnOldest: number }): Entry<Command, Answer>[] {
    const isOld = ({ starts, queuedAt }: Entry<Command, Answer>): boolean => queuedAt < (starts ? startsOldest : goesOnOldest);
    if (!this.#waiting.some(isOld)) return [];
    const { old = [], young = [] } = Object.groupBy(this.#waiting, (entry) => (isOld(entry) ? 'old' : 'young'));
    this.#waiting = young;
    return old;
  }
}
