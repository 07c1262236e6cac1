import { ProblemError } from '@onsale/contract';
import { InvariantError } from '@onsale/kernel';

/**
 * Turns the calls of one turn of the event loop into one batch: what arrived while the loop read its sockets goes out together, and
 * nobody waits for a timer. While `inFlightMax` batches are out, calls gather for the next one: batches grow with the load by themselves.
 *
 *   call ──► gathering ── end of the turn, a batch slot free ──► in flight ──► each caller gets its own answer
 *      └── pendingMax calls gathered or in flight ──► ProblemError overloaded, at once
 */
export type Gatherer<Item, Answer> = {
  (item: Item): Promise<Answer>;
  gauges(): { readonly pending: number; readonly inFlight: number; readonly batches: number };
};
export type GatherOptions<Item, Answer> = {
  /** Answers in the order of the items, one each. A batch that throws fails all its calls. */
  readonly batch: (items: readonly Item[]) => Promise<readonly Answer[]>;
  readonly batchMax?: number;
  readonly inFlightMax?: number;
  readonly pendingMax?: number;
};

export const BATCH_MAX = 256;
const IN_FLIGHT_MAX = 4;
const PENDING_MAX = 8_192;

type Call<Item, Answer> = { readonly item: Item; readonly resolve: (answer: Answer) => void; readonly reject: (error: unknown) => void };

export function gather<Item, Answer>(options: GatherOptions<Item, Answer>): Gatherer<Item, Answer> {
  const { batch, batchMax = BATCH_MAX, inFlightMax = IN_FLIGHT_MAX, pendingMax = PENDING_MAX } = options;
  let gathering: Array<Call<Item, Answer>> = [];
  let pending = 0;
  let inFlight = 0;
  let batches = 0;
  let scheduled = false;

  const send = async (calls: Array<Call<Item, Answer>>): Promise<void> => {
    inFlight += 1;
    batches += 1;
    try {
      const answers = await batch(calls.map(({ item }) => item));
      if (answers.length !== calls.length) throw new InvariantError(`a batch of ${calls.length} got ${answers.length} answers`);
      for (const [index, call] of calls.entries()) call.resolve(answers[index] as Answer);
    } catch (error) {
      for (const call of calls) call.reject(error);
    }
    inFlight -= 1;
    pending -= calls.length;
    if (gathering.length > 0) schedule();
  };
  const flush = (): void => {
    scheduled = false;
    while (gathering.length > 0 && inFlight < inFlightMax) {
      const calls = gathering.length <= batchMax ? gathering : gathering.slice(0, batchMax);
      gathering = gathering.length <= batchMax ? [] : gathering.slice(batchMax);
      void send(calls);
    }
  };
  const schedule = (): void => {
    if (scheduled || inFlight >= inFlightMax) return;
    scheduled = true;
    setImmediate(flush);
  };
  const call = (item: Item): Promise<Answer> => {
    if (pending >= pendingMax) return Promise.reject(new ProblemError('overloaded'));
    return new Promise((resolve, reject) => {
      pending += 1;
      gathering.push({ item, resolve, reject });
      schedule();
    });
  };
  return Object.assign(call, { gauges: () => ({ pending, inFlight, batches }) });
}
