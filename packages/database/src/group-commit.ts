import { newEntry, ScopeQueue, type Entry } from './scope-queue.ts';
import { BATCHES_WAITING_MIN, GROUP_COMMIT_LIMITS, type GroupCommitGauges, type GroupCommitLimits } from './group-commit-limits.ts';
import { Pace } from './pace.ts';
import { CommitUnknown, DatabaseAway, DatabaseBusy, isDuplicate, TransactionUndone } from './failures.ts';

/**
 * Group commit: concurrent commands of one scope (a show, a coupon) gather into one transaction, because one durable commit costs the
 * same for one decision as for a hundred.
 *
 *                    admit: answered from memory
 *   submit ──► queue ────────────────────────────────────────► answer
 *     │          │ ▲                                             ▲
 *     │ full     │ │ deferred, ≤ 20 times, to the front          │
 *     ▼          ▼ │                                             │
 *   refused    batch (≤ 128, ≤ 3 in flight) ── run ── COMMIT ────┘
 *                │ ▲
 *                └─┘ deadlock, lock wait, duplicate, lost connection or lost COMMIT: the whole batch again, ≤ 5 times
 *
 * Guarantees: a command is answered after its transaction committed, or not at all decided. Commands that share a key are never in two
 * batches at once, and are handed to `run` in order of arrival (one that was deferred may see a later one decided; one that goes on with
 * something overtakes those that start something). Whatever waits is bounded in number and in time. A command that breaks its batch (its
 * run throws) fails alone: the batch is halved until it stands by itself.
 *
 * `run` must be repeatable: run again after a COMMIT whose answer was lost, it must find what it did and answer the same.
 */
export type GroupCommitOptions<Command, Answer> = {
  readonly scopeOf: (command: Command) => string;
  /**
   * Called when the command may enter a batch: the keys of everything it locks, or an answer that needs no transaction. May choose what
   * the command works on: `isTaken` says whether an earlier command, in a batch or waiting, has that key.
   */
  readonly admit: (command: Command, isTaken: (key: string) => boolean) => Admission<Answer>;
  /** One transaction for the whole batch: an outcome for each command, in order. Throws to have nothing of the batch written. */
  readonly run: (scope: string, batch: readonly Command[]) => Promise<readonly Outcome<Answer>[]>;
  /**
   * Whether the command starts something new (a hold) rather than goes on with something begun (its payment). Who starts waits behind all who go on, and
   * alone is refused for want of room: what is begun is worth more than what could begin later. Left out: nothing starts.
   */
  readonly starts?: (command: Command) => boolean;
  /** The answer to a command that was not decided. */
  readonly refused: (command: Command, why: NotDecided, error?: unknown) => Answer;
  readonly onFault?: (error: unknown) => void;
  readonly limits?: Partial<GroupCommitLimits>;
  /** Uniform in [0, 1): jitter between retries. */
  readonly random?: () => number;
};
export type Admission<Answer> = { readonly keys: readonly string[] } | { readonly answer: Answer };
/** `defer`: something it needs is locked elsewhere. */
export type Outcome<Answer> = { readonly answer: Answer } | 'defer';
/** `failed`: the transaction could not be run or its outcome is not known; with the error. */
export type NotDecided = 'queue-full' | 'waited-too-long' | 'deferred-too-often' | 'closing' | 'failed';

const RETRY_PAUSE_FIRST_MS = 5;
const RETRY_PAUSE_MAX_MS = 160;
const SWEEP_MS = 50;
const LOCK_WAIT = 1205;
/** Each run waits as long as a lock wait lasts for a row that somebody keeps: once more, for a lock that was just about to go. */
const LOCK_WAIT_RETRIES_MAX = 1;

export interface GroupCommit<Command, Answer> {
  submit(command: Command): Promise<Answer>;
  /** Whether a command that starts something would be taken now; `turnMs`: how long its turn of the event loop has lasted. Costs nothing. */
  hasRoom(turnMs: number): boolean;
  gauges(): GroupCommitGauges;
  /** Refuses newcomers and answers those inside. */
  close(): Promise<void>;
}

export function createGroupCommit<Command, Answer>(options: GroupCommitOptions<Command, Answer>): GroupCommit<Command, Answer> {
  return new Gatherer(options);
}

class Gatherer<Command, Answer> implements GroupCommit<Command, Answer> {
  readonly #options: GroupCommitOptions<Command, Answer>;
  readonly #limits: GroupCommitLimits;
  readonly #scopes = new Map<string, ScopeQueue<Command, Answer>>();
  readonly #pace = new Pace();
  readonly #counts = { queued: 0, starting: 0, inFlight: 0, batches: 0, commands: 0, deferred: 0, retries: 0, refused: 0 };
  #pumpSoon = false;
  #sweep: NodeJS.Timeout | undefined;
  #wake: NodeJS.Timeout | undefined;
  #closing = false;
  #whenIdle: (() => void)[] = [];

  constructor(options: GroupCommitOptions<Command, Answer>) {
    this.#options = options;
    this.#limits = { ...GROUP_COMMIT_LIMITS, ...options.limits };
  }

  submit(command: Command): Promise<Answer> {
    const starts = this.#options.starts?.(command) === true;
    const isFull = this.#counts.queued >= this.#limits.queueMax || (starts && !this.hasRoom(0));
    const why = this.#closing ? 'closing' : isFull ? 'queue-full' : undefined;
    if (why !== undefined) {
      this.#counts.refused += 1;
      return Promise.resolve(this.#options.refused(command, why));
    }
    return new Promise((resolve) => {
      const entry = newEntry(command, resolve, { starts, queuedAt: performance.now() });
      this.#count([entry], 1);
      this.#scopeOf(command).push(entry);
      this.#pumpAfterThisTick();
    });
  }

  hasRoom(turnMs: number): boolean {
    const { batchMax, startsMax, startWaitMs, startTurnMs } = this.#limits;
    const { queued, starting } = this.#counts;
    if (starting >= startsMax) return false;
    if (starting >= BATCHES_WAITING_MIN * batchMax && turnMs > startTurnMs) return false;
    return queued < BATCHES_WAITING_MIN * batchMax || this.#pace.waitMs(queued) <= startWaitMs;
  }

  gauges(): GroupCommitGauges {
    return { ...this.#counts };
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#counts.queued + this.#counts.inFlight > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    clearInterval(this.#sweep);
    clearTimeout(this.#wake);
  }

  /** Entries come into the queue (1) or leave it (-1). */
  #count(entries: readonly Entry<Command, Answer>[], by: 1 | -1): void {
    this.#counts.queued += by * entries.length;
    for (const { starts } of entries) if (starts) this.#counts.starting += by;
  }

  #scopeOf(command: Command): ScopeQueue<Command, Answer> {
    const name = this.#options.scopeOf(command);
    let scope = this.#scopes.get(name);
    if (scope === undefined) {
      scope = new ScopeQueue(name);
      this.#scopes.set(name, scope);
    }
    return scope;
  }

  /** Commands that arrive in one turn of the event loop share a batch. */
  #pumpAfterThisTick(): void {
    this.#sweep ??= setInterval(() => this.#refuseTheOld(), SWEEP_MS);
    if (this.#pumpSoon) return;
    this.#pumpSoon = true;
    setImmediate(() => {
      this.#pumpSoon = false;
      this.#pump();
    });
  }

  /** Starts batches while there is room, scopes in turn. */
  #pump(): void {
    for (const [name, scope] of this.#scopes) {
      if (this.#counts.inFlight >= this.#limits.inFlightMax) return;
      const { batch, keys } = this.#gather(scope);
      if (batch.length > 0) {
        void this.#launch(scope, batch, keys);
        // To the end of the line of scopes: a busy show does not starve another.
        this.#scopes.delete(name);
        this.#scopes.set(name, scope);
      } else if (scope.isIdle()) this.#scopes.delete(name);
    }
  }

  #gather(scope: ScopeQueue<Command, Answer>): { readonly batch: Entry<Command, Answer>[]; readonly keys: ReadonlySet<string> } {
    const now = performance.now();
    const { batch, keys, answered, wakeAt } = scope.gather(now, this.#limits.batchMax, this.#options.admit);
    this.#pace.left(answered.length);
    for (const [entry, answer] of answered) {
      this.#count([entry], -1);
      entry.resolve(answer);
    }
    if (wakeAt !== Infinity) this.#wakeAt(wakeAt - now);
    return { batch, keys };
  }

  #wakeAt(inMs: number): void {
    if (this.#wake !== undefined) return;
    this.#wake = setTimeout(() => {
      this.#wake = undefined;
      this.#pump();
    }, Math.ceil(inMs));
  }

  async #launch(scope: ScopeQueue<Command, Answer>, batch: Entry<Command, Answer>[], keys: ReadonlySet<string>): Promise<void> {
    this.#count(batch, -1);
    this.#counts.inFlight += 1;
    const startedAt = performance.now();
    const giveBack = scope.take(keys);
    const deferred = await this.#runBatch(scope, batch);
    giveBack();
    this.#counts.inFlight -= 1;
    this.#pace.left(batch.length - deferred.length);
    this.#pace.batchOver(performance.now(), startedAt, this.#counts.queued > 0);
    if (deferred.length > 0) {
      scope.putInFront(deferred, performance.now());
      this.#scopes.set(scope.name, scope);
      this.#counts.deferred += deferred.length;
      this.#count(deferred, 1);
    }
    this.#pump();
    this.#noticeIdle();
  }

  /** Runs, retries, halves; answers all but the deferred, which it returns. Never throws. */
  async #runBatch(scope: ScopeQueue<Command, Answer>, batch: Entry<Command, Answer>[]): Promise<Entry<Command, Answer>[]> {
    const { retriesMax } = this.#limits;
    const commands = batch.map((entry) => entry.command);
    for (let retry = 0; ; retry += 1) {
      this.#counts.batches += 1;
      try {
        const outcomes = await this.#options.run(scope.name, commands);
        if (outcomes.length !== batch.length) throw new Error(`${outcomes.length} outcomes for ${batch.length} commands`);
        return this.#deliver(batch, outcomes);
      } catch (error) {
        if (mayRunAgain(error) && retry < (isLockWait(error) ? Math.min(LOCK_WAIT_RETRIES_MAX, retriesMax) : retriesMax)) {
          this.#counts.retries += 1;
          await this.#pause(retry);
          continue;
        }
        this.#options.onFault?.(error);
        if (batch.length === 1 || isEverybodys(error)) {
          for (const entry of batch) this.#refuse(entry, 'failed', error);
          return [];
        }
      }
      const half = batch.length >> 1;
      return [...(await this.#runBatch(scope, batch.slice(0, half))), ...(await this.#runBatch(scope, batch.slice(half)))];
    }
  }

  #deliver(batch: Entry<Command, Answer>[], outcomes: readonly Outcome<Answer>[]): Entry<Command, Answer>[] {
    const deferred: Entry<Command, Answer>[] = [];
    for (const [index, entry] of batch.entries()) {
      const outcome = outcomes[index] as Outcome<Answer>;
      if (outcome !== 'defer') entry.resolve(outcome.answer);
      else if (entry.deferrals >= this.#limits.deferralsMax) this.#refuse(entry, 'deferred-too-often');
      else deferred.push(entry);
    }
    this.#counts.commands += batch.length - deferred.length;
    return deferred;
  }

  #refuse(entry: Entry<Command, Answer>, why: NotDecided, error?: unknown): void {
    this.#counts.refused += 1;
    entry.resolve(this.#options.refused(entry.command, why, error));
  }

  /** Also while every batch in flight hangs: nobody waits longer than `queueMs` for a batch. */
  #refuseTheOld(): void {
    const now = performance.now();
    const { queueMs, goOnMs } = this.#limits;
    const startsOldest = now - queueMs;
    const goesOnOldest = now - (this.#options.starts === undefined ? queueMs : goOnMs);
    for (const scope of this.#scopes.values()) {
      for (const entry of scope.dropOlder({ startsOldest, goesOnOldest })) {
        this.#count([entry], -1);
        this.#refuse(entry, entry.deferrals > 0 ? 'deferred-too-often' : 'waited-too-long');
      }
    }
    this.#noticeIdle();
  }

  #noticeIdle(): void {
    if (this.#counts.queued + this.#counts.inFlight > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #pause(retry: number): Promise<void> {
    const longest = Math.min(RETRY_PAUSE_MAX_MS, RETRY_PAUSE_FIRST_MS * 2 ** retry);
    return new Promise((resolve) => setTimeout(resolve, (this.#options.random ?? Math.random)() * longest));
  }
}

/** Deadlock, lock wait, changed snapshot; a twin's duplicate; no connection, a lost one, a COMMIT without an answer. */
const mayRunAgain = (error: unknown): boolean => error instanceof TransactionUndone || isDuplicate(error) || isAway(error);
const isLockWait = (error: unknown): boolean => error instanceof TransactionUndone && error.errno === LOCK_WAIT;
const isAway = (error: unknown): boolean => error instanceof CommitUnknown || error instanceof DatabaseAway || error instanceof DatabaseBusy;
/** Not one command's fault: halving the batch would only take longer. */
const isEverybodys = (error: unknown): boolean => isAway(error) || error instanceof TransactionUndone;
