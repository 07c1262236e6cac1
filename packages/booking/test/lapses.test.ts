import t from 'tap';
import { MINUTE_MS, valueOf } from '@onsale/kernel';
import { findViolations, HOLD_MS, LAPSE_REFUSED_MS, type CommandAnswer, type SeatCommand } from '../src/index.ts';
import { enterFans, fan, idFor, migratedDatabase, poolOf, publishedShow, SHOW, startProcess } from './own-show.ts';

/** Whoever lets the same seats lapse three times is refused them for ten minutes; nobody else is. */
const kindOf = (answer: CommandAnswer): string => (answer.ok ? answer.value.kind : answer.refusal.kind);
let holds = 0;
const holdOf = (n: number, seats: readonly number[]): SeatCommand & { kind: 'hold' } =>
  ({ kind: 'hold', show: SHOW, hold: idFor(`lapse ${(holds += 1)}`), ...fan(n), seats });

async function scene(t: Parameters<typeof migratedDatabase>[0]) {
  const url = await migratedDatabase(t);
  let nowMs = Date.parse('2026-03-01T00:00:00Z');
  const config = { nowMs: () => nowMs };
  const pool = poolOf(t, url, config);
  await publishedShow(pool, 2, 10, { limits: { attemptsPerSession: 200 } });
  await enterFans(pool, 3);
  const processes = [startProcess(t, url, { config }), startProcess(t, url, { config })] as const;
  const [{ engine }] = processes;
  return {
    pool, engine, processes,
    later: (ms: number) => void (nowMs += ms),
    /** Held, and not bought: the time runs out. */
    lapse: async (n: number, seats: readonly number[]) => {
      const command = holdOf(n, seats);
      valueOf(await engine.submit(command));
      nowMs += HOLD_MS + 1;
      valueOf(await engine.submit({ kind: 'expire', show: SHOW, hold: command.hold }));
    },
  };
}


t.test('three times, then ten minutes without', async (t) => {
  const { engine, pool, lapse, later } = await scene(t);
  for (let times = 0; times < 3; times += 1) await lapse(0, [3, 4]);
  const refused = await engine.submit(holdOf(0, [4, 5]));
  t.match(refused, { ok: false, refusal: { kind: 'lapsed-too-often', seats: [4], retryAfterMs: LAPSE_REFUSED_MS } });
  const held = valueOf(await engine.submit(holdOf(0, [7])));
  const swapped = await engine.submit({ kind: 'swap', show: SHOW, hold: held.hold?.id ?? idFor('none'), ...fan(0), seats: [3] });
  t.equal(kindOf(swapped), 'lapsed-too-often', 'nor by a swap');
  const best = valueOf(await engine.submit({ kind: 'best-available', show: SHOW, hold: idFor('best'), ...fan(0), quantity: 2 }));
  t.notOk(best.hold?.seats.some((seat) => seat === 3 || seat === 4), 'nor by luck');
  valueOf(await engine.submit({ kind: 'release', show: SHOW, hold: idFor('best'), person: fan(0).person }));
  const other = holdOf(1, [3, 4]);
  t.equal(kindOf(await engine.submit(other)), 'hold', 'others may');
  valueOf(await engine.submit({ kind: 'release', show: SHOW, hold: other.hold, person: fan(1).person }));
  later(LAPSE_REFUSED_MS - 1_000);
  t.match(await engine.submit(holdOf(0, [3])), { refusal: { kind: 'lapsed-too-often', retryAfterMs: 1_000 } });
  later(1_001);
  await lapse(0, [3]);
  t.equal(kindOf(await engine.submit(holdOf(0, [3]))), 'lapsed-too-often', 'one more, and ten minutes again');
  later(61 * MINUTE_MS);
  await lapse(0, [3]);
  t.equal(kindOf(await engine.submit(holdOf(0, [3]))), 'hold', 'an hour later it is forgotten');
  t.same(await findViolations(pool), []);
});

t.test('giving seats back a moment before they lapse is letting them lapse; changing one’s mind is not', async (t) => {
  const { engine, later } = await scene(t);
  const giveBackAfter = async (seats: readonly number[], ms: number) => {
    const command = holdOf(0, seats);
    valueOf(await engine.submit(command));
    later(ms);
    valueOf(await engine.submit({ kind: 'release', show: SHOW, hold: command.hold, person: fan(0).person }));
  };
  for (let times = 0; times < 6; times += 1) await giveBackAfter([3], MINUTE_MS);
  t.equal(kindOf(await engine.submit(holdOf(0, [3]))), 'hold');
  for (let times = 0; times < 3; times += 1) await giveBackAfter([8], HOLD_MS - 1_000);
  t.equal(kindOf(await engine.submit(holdOf(0, [8]))), 'lapsed-too-often');
});

t.test('whether a session has ended is asked under the lock of its counters, which whoever ends an idle one has too', async (t) => {
  const url = await migratedDatabase(t);
  const pool = poolOf(t, url);
  await publishedShow(pool, 2, 10);
  await enterFans(pool, 1);
  const said: string[] = [];
  const { engine } = startProcess(t, url, { config: { onQuery: (sql) => said.push(sql) } });
  valueOf(await engine.submit(holdOf(0, [3])));
  const at = (pattern: RegExp): number => said.findIndex((sql) => pattern.test(sql));
  t.ok(at(/^SELECT .* FROM allowance .*FOR UPDATE/s) >= 0);
  t.ok(at(/^SELECT sid FROM session_end FORCE/) > at(/^SELECT .* FROM allowance .*FOR UPDATE/s));
});

t.test('the third lapse and the next hold at once, from two processes: never a fourth time', async (t) => {
  const { processes: [one, other], lapse, later } = await scene(t);
  for (let round = 0; round < 8; round += 1) {
    const seat = round;
    await lapse(0, [seat]);
    await lapse(0, [seat]);
    const third = holdOf(0, [seat]);
    valueOf(await one.engine.submit(third));
    later(HOLD_MS + 1);
    const tries = Array.from({ length: 6 }, (_, k) => (k % 2 === 0 ? one : other).engine.submit(holdOf(0, [seat])));
    const [, ...answers] = await Promise.all([one.engine.submit({ kind: 'expire', show: SHOW, hold: third.hold }), ...tries]);
    t.notOk(answers.some((answer) => answer.ok), answers.map(kindOf).join());
  }
  // Negative control: with one lapse fewer the same tries win.
  await lapse(0, [12]);
  const second = holdOf(0, [12]);
  valueOf(await one.engine.submit(second));
  later(HOLD_MS + 1);
  valueOf(await one.engine.submit({ kind: 'expire', show: SHOW, hold: second.hold }));
  t.equal(kindOf(await one.engine.submit(holdOf(0, [12]))), 'hold');
});
