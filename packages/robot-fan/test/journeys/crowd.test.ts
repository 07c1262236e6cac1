import t from 'tap';
import { printReport } from '@onsale/robot-fan';
import { makeOnSale, openWholeSystem, seedOf, smallHall } from '@onsale/testing';
import { openRehearsal } from '../rehearsal.ts';

const FANS = 250;
const SECONDS_MAX = 80;

t.test('a crowd on two admission, two booking and two worker processes breaks no invariant', { timeout: 150_000 }, async (t) => {
  const system = await openWholeSystem({ processes: { sandbox: 1, admission: 2, booking: 2, worker: 2 } });
  t.teardown(() => system.close());
  await makeOnSale(system, { layout: smallHall(30, 30), ratePerMinute: 1_200, capacity: 60, callMs: 5_000 });
  const rehearsal = await openRehearsal(system, seedOf(t), SECONDS_MAX);
  t.teardown(() => rehearsal.close());
  const report = await rehearsal.run({ fans: FANS });
  t.comment(printReport(report));
  for (const { invariant, violations } of report.judgements) t.same(violations, [], invariant);
  t.ok((report.outcomes['paid'] ?? 0) > FANS / 2, `${report.outcomes['paid']} fans hold tickets`);
  t.ok(report.judgements.every(({ checked }) => checked > 0), 'every judge had something to judge');
});
