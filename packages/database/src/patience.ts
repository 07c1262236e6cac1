import { DatabaseAway } from './failures.ts';

/**
 * What `work` gives, or DatabaseAway once `ms` have passed. A database that hangs is away for somebody who wants to stop the line now; the
 * work itself goes on, and what it did is found out afterwards.
 */
export async function within<Value>(ms: number, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  work.catch(() => undefined);
  try {
    return await Promise.race([work, new Promise<never>((_, refuse) => {
      timer = setTimeout(() => refuse(new DatabaseAway(`no answer within ${ms} ms`)), ms);
    })]);
  } finally {
    clearTimeout(timer);
  }
}
