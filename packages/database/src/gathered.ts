import DataLoader from 'dataloader';
import { invariant } from '@onsale/kernel';
import type { Queryable } from './session.ts';

/** Most callers that share a statement; more make a second one. */
export const GATHERED_MAX = 128;

/** One answer for each item, in order; an Error in an item's place fails that one. Throws to fail them all. */
export type GatheredRun<Session, Item, Answer> = (session: Session, items: readonly Item[]) => Promise<readonly (Answer | Error)[]>;

/**
 * Lets callers share a statement: they are written one item at a time and run for many, because what costs is the way to the database and
 * back, not the row.
 *
 *   in a transaction   whoever asks before the connection is idle again: commands of a batch that go on together stay together
 *   on a pool          whoever asks in the same turn of the event loop
 *
 * Nothing is remembered: each call is answered by a statement that began after it. Callers on different sessions never share.
 */
export function gathered<Session extends Queryable, Item, Answer>(run: GatheredRun<Session, Item, Answer>): (session: Session, item: Item) => Promise<Answer> {
  const loaders = new WeakMap<Session, DataLoader<Item, Answer>>();
  return (session, item) => {
    let loader = loaders.get(session);
    if (loader === undefined) {
      loader = loaderOn(session, run);
      loaders.set(session, loader);
    }
    return loader.load(item);
  };
}

/** dataloader (GraphQL Foundation) knows when the callers of a turn have all spoken; its cache is off. */
function loaderOn<Session extends Queryable, Item, Answer>(session: Session, run: GatheredRun<Session, Item, Answer>): DataLoader<Item, Answer> {
  const batch = async (items: readonly Item[]): Promise<readonly (Answer | Error)[]> => {
    const answers = await run(session, items);
    invariant(answers.length === items.length, `${answers.length} answers for ${items.length} gathered items`);
    return answers;
  };
  const onPool = 'acquire' in session;
  return new DataLoader(batch, { cache: false, maxBatchSize: GATHERED_MAX, ...(onPool && { batchScheduleFn: (send: () => void) => void setImmediate(send) }) });
}

/**
 * Parts gathered items so that one statement can serve each part: items of a part have the same `wordsOf`, and none has the `idOf` of
 * another, for a compare-and-set must answer the second of two differently. What is about one id keeps its order of arrival.
 */
export function alikeOf<Item>(items: readonly Item[], wordsOf: (item: Item) => string, idOf: (item: Item) => string): readonly (readonly Item[])[] {
  const parts: Item[][] = [];
  const newestOfWords = new Map<string, number>();
  const newestOfId = new Map<string, number>();
  for (const item of items) {
    const [words, id] = [wordsOf(item), idOf(item)];
    const alike = newestOfWords.get(words);
    const isFree = alike !== undefined && (newestOfId.get(id) ?? -1) < alike;
    const at = isFree ? alike : parts.push([]) - 1;
    (parts[at] as Item[]).push(item);
    newestOfWords.set(words, at);
    newestOfId.set(id, at);
  }
  return parts;
}
