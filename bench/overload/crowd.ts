import { setTimeout as sleep } from 'node:timers/promises';
import { Latencies } from '../measure/latencies.ts';
import { RawConnection } from '../measure/raw-connection.ts';

/** A crowd on kept connections, each asking for the next hold as soon as it has got one. */
export type CrowdOrder = {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** The next request, each for seats of its own. */
  readonly next: () => string;
  /** Who is told to come later does so, as our pages and robots do; false: asks again at once. */
  readonly isPatient: boolean;
};
export type CrowdRun = {
  readonly perSecond: number;
  readonly good: Latencies;
  readonly refused: Latencies;
  readonly withoutRetryAfter: number;
  readonly lost: number;
  /** Answers by status that are neither 201 nor 503. */
  readonly other: Readonly<Record<string, number>>;
};

const OPENED_AT_ONCE = 256;

/** All are connected before the first asks; then all ask at once. */
export async function crowd({ url, connections, seconds, next, isPatient }: CrowdOrder, onBegin: () => void): Promise<CrowdRun> {
  const open: RawConnection[] = [];
  while (open.length < connections) {
    const some = Math.min(OPENED_AT_ONCE, connections - open.length);
    open.push(...await Promise.all(Array.from({ length: some }, () => RawConnection.open(url))));
  }
  const [good, refused, other] = [new Latencies(), new Latencies(), {} as Record<string, number>];
  let [withoutRetryAfter, lost] = [0, 0];
  onBegin();
  const endsAt = performance.now() + seconds * 1_000;
  const ask = async (first: RawConnection): Promise<void> => {
    let connection = first;
    let request = next();
    while (performance.now() < endsAt) {
      if (!connection.isOpen) connection = await RawConnection.open(url);
      const answer = await connection.ask(request).catch(() => undefined);
      if (answer === undefined) {
        lost += 1;
        continue;
      }
      if (answer.status !== 503) {
        if (answer.status === 201) good.add(answer.ms);
        else other[answer.status] = (other[answer.status] ?? 0) + 1;
        request = next();
        continue;
      }
      refused.add(answer.ms);
      if (!answer.hasRetryAfter) withoutRetryAfter += 1;
      if (isPatient) await sleep(Math.min(answer.retryAfterMs, Math.max(0, endsAt - performance.now())));
    }
    connection.close();
  };
  await Promise.all(open.map(ask));
  return { perSecond: good.count / seconds, good, refused, withoutRetryAfter, lost, other };
}
