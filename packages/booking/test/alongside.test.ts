import t from 'tap';
import { setTimeout as sleep } from 'node:timers/promises';
import { valueOf } from '@onsale/kernel';
import { AlongsideRefusal, findViolations, readHold, type CommandAnswer } from '../src/index.ts';
import { readArrays } from '../src/store/lock-rows.ts';
import { enterFans, fan, idFor, migratedDatabase, poolOf, publishedShow, SHOW, startProcess } from './own-show.ts';

const kindOf = (answer: CommandAnswer): string => (answer.ok ? answer.value.kind : answer.refusal.kind);

t.test('alongside: writes with the command or not at all, and refuses for its own command only', async (t) => {
  const url = await migratedDatabase(t);
  const pool = poolOf(t, url);
  await publishedShow(pool, 10, 10);
  await enterFans(pool, 20);
  await pool.query('CREATE TABLE note (n INT PRIMARY KEY)');
  const { engine } = startProcess(t, url);
  const hold = (n: number, alongside: (n: number) => Promise<void>) =>
    engine.submit({ kind: 'hold', show: SHOW, hold: idFor(`h ${n}`), ...fan(n), seats: [2 * n, 2 * n + 1] }, async (tx) => {
      await tx.query('INSERT INTO note VALUES (?)', [n]);
      await alongside(n);
    });
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => hold(n, async () => {
    if (n === 3 || n === 11) throw new AlongsideRefusal({ n });
    if (n === 7) throw new Error('a bug');
  })));
  t.same(answers.map(kindOf).filter((kind) => kind !== 'hold'), ['alongside', 'unavailable', 'alongside']);
  t.match(answers[11], { refusal: { kind: 'alongside', refusal: { n: 11 } } });
  const notes = await readArrays<[number]>(pool, 'SELECT n FROM note ORDER BY n', []);
  t.same(notes.flat(), Array.from({ length: 20 }, (_, n) => n).filter((n) => ![3, 7, 11].includes(n)));
  t.equal(await readHold(pool, SHOW, idFor('h 3')), undefined);
  t.same(await findViolations(pool), []);
});

t.test('alongside: commands of a batch write together; those about one hold follow each other', async (t) => {
  const url = await migratedDatabase(t);
  const pool = poolOf(t, url);
  await publishedShow(pool, 10, 10);
  await enterFans(pool, 20);
  const { engine } = startProcess(t, url);
  const about = (n: number) => ({ show: SHOW, hold: idFor(`h ${n}`), order: idFor(`o ${n}`) }) as const;
  for (let n = 0; n < 4; n += 1) {
    valueOf(await engine.submit({ kind: 'hold', ...about(n), ...fan(n), seats: [2 * n] }));
    valueOf(await engine.submit({ kind: 'order', ...about(n), person: fan(n).person }));
  }
  const trace: string[] = [];
  let inside = 0;
  let insideMost = 0;
  const answers = await Promise.all([0, 1, 2, 3, 0, 1].map((n, index) => (
    engine.submit({ kind: 'lengthen', ...about(n), attempt: idFor(`a ${index}`) }, async () => {
      inside += 1;
      insideMost = Math.max(insideMost, inside);
      trace.push(`${n} in`);
      await sleep(5);
      trace.push(`${n} out`);
      inside -= 1;
    })
  )));
  t.ok(answers.every(({ ok }) => ok));
  t.equal(insideMost, 4, 'four holds at once');
  for (const n of [0, 1]) t.same(trace.filter((word) => word.startsWith(`${n}`)), [`${n} in`, `${n} out`, `${n} in`, `${n} out`]);
});
