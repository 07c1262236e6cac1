import t from 'tap';
import { setTimeout as sleep } from 'node:timers/promises';
import { pick, randomBelow, seededRandom } from '@onsale/kernel';
import {
  CommitUnknown, createGroupCommit, DatabaseAway, inTransaction, openPool, type GroupCommitOptions, type NotDecided, type Outcome,
  type ResultSetHeader,
} from '../src/index.ts';
import { ownDatabase } from '@onsale/testing';

const SEED = process.env['ONSALE_SEED'] ?? String(Date.now());
t.comment(`ONSALE_SEED=${SEED}`);

type Command = { readonly id: number; readonly keys: readonly string[]; readonly scope?: string };
type Answer = { readonly id: number; readonly said: string };
type Run = GroupCommitOptions<Command, Answer>['run'];
const done = (batch: readonly Command[]): Outcome<Answer>[] => batch.map(({ id }) => ({ answer: { id, said: 'done' } }));
const groupOf = (run: Run, more: Partial<GroupCommitOptions<Command, Answer>> = {}) =>
  createGroupCommit<Command, Answer>({
    scopeOf: ({ scope = 'show' }) => scope,
    admit: ({ keys }) => ({ keys }),
    run,
    refused: ({ id }, why: NotDecided) => ({ id, said: why }),
    ...more,
  });

t.test('commands of one turn share a batch; batches are bounded in size and in number', async (t) => {
  const sizes: number[] = [];
  let running = 0;
  let most = 0;
  const group = groupOf(async (_, batch) => {
    sizes.push(batch.length);
    most = Math.max(most, (running += 1));
    await sleep(2);
    running -= 1;
    return done(batch);
  });
  const answers = await Promise.all(Array.from({ length: 500 }, (_, id) => group.submit({ id, keys: [`seat ${id}`] })));
  t.same(answers.map(({ id }) => id), Array.from({ length: 500 }, (_, id) => id));
  t.same(sizes, [128, 128, 128, 116]);
  t.equal(most, 3);
  t.match(group.gauges(), { queued: 0, inFlight: 0, batches: 4, commands: 500 });
  await group.close();
});

t.test('fuzz: no key is in two batches at once, and commands of one key keep their order', async (t) => {
  const random = seededRandom(SEED);
  const inFlight = new Set<string>();
  const order = new Map<string, number[]>();
  let overlaps = 0;
  const group = groupOf(async (_, batch) => {
    const keys = new Set(batch.flatMap(({ keys }) => keys));
    for (const key of keys) if (inFlight.has(key)) overlaps += 1;
    for (const key of keys) inFlight.add(key);
    await sleep(randomBelow(random, 4));
    const outcomes = batch.map(({ id, keys }): Outcome<Answer> => {
      if (random() < 0.1) return 'defer';
      for (const key of keys) order.set(key, [...(order.get(key) ?? []), id]);
      return { answer: { id, said: 'done' } };
    });
    for (const key of keys) inFlight.delete(key);
    return outcomes;
  }, { limits: { batchMax: 16, queueMs: 10_000 }, random });
  const keysOf = (): string[] => [`seat ${randomBelow(random, 20)}`, `person ${randomBelow(random, 20)}`];
  const answers = await Promise.all(Array.from({ length: 400 }, async (_, id) => {
    await sleep(randomBelow(random, 60));
    return group.submit({ id, keys: keysOf() });
  }));
  t.ok(answers.every(({ said }) => said === 'done'));
  t.equal(overlaps, 0);
  t.equal([...order.values()].flat().length, 800, 'each command was answered once');
  await group.close();
});

t.test('without deferrals, commands of one key are decided in order of arrival', async (t) => {
  const random = seededRandom(SEED);
  const decided: number[] = [];
  const group = groupOf(async (_, batch) => {
    await sleep(randomBelow(random, 3));
    decided.push(...batch.filter(({ keys }) => keys.includes('hot')).map(({ id }) => id));
    return done(batch);
  }, { limits: { batchMax: 8, queueMs: 10_000 } });
  await Promise.all(Array.from(
    { length: 200 },
    (_, id) => group.submit({ id, keys: id % 2 === 0 ? ['hot', `own ${randomBelow(random, 9)}`] : [`own ${randomBelow(random, 9)}`] }),
  ));
  t.same(decided, Array.from({ length: 100 }, (_, index) => 2 * index));
  await group.close();
});

t.test('the queue refuses what is too much, too old, deferred too often or too late', async (t) => {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  const group = groupOf(async (_, batch) => {
    await gate;
    return batch.map(({ id }) => (id === 0 ? 'defer' : { answer: { id, said: 'done' } }));
  }, { limits: { queueMax: 3, inFlightMax: 1, queueMs: 120 } });
  const first = group.submit({ id: 1, keys: ['a'] });
  await sleep(1);
  const waiting = [2, 3, 4].map((id) => group.submit({ id, keys: ['b'] }));
  t.equal((await group.submit({ id: 5, keys: ['b'] })).said, 'queue-full');
  t.same((await Promise.all(waiting)).map(({ said }) => said), ['waited-too-long', 'waited-too-long', 'waited-too-long'], 'while the batch in flight hangs');
  release();
  t.equal((await first).said, 'done');
  t.equal((await group.submit({ id: 0, keys: [] })).said, 'deferred-too-often');
  const closing = group.close();
  t.equal((await group.submit({ id: 6, keys: [] })).said, 'closing');
  await closing;
});

const isStart = ({ id }: Command): boolean => id >= 100;
const command = (id: number): Command => ({ id, keys: [`k${id}`] });

t.test('what starts something waits behind what goes on, and alone is refused for want of room', async (t) => {
  const batches: number[][] = [];
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const group = groupOf(async (_, batch) => {
    batches.push(batch.map(({ id }) => id));
    await gate;
    return done(batch);
  }, { starts: isStart, limits: { batchMax: 2, inFlightMax: 1, startsMax: 3, queueMs: 10_000 } });
  const first = group.submit(command(100));
  await sleep(1);
  const later = [101, 102, 103, 1, 2, 3].map((id) => group.submit(command(id)));
  t.notOk(group.hasRoom(0), 'known before anything is read');
  t.equal((await group.submit(command(104))).said, 'queue-full', 'three wait that start something');
  const goesOn = group.submit(command(4));
  t.match(group.gauges(), { queued: 7, starting: 3 });
  open();
  t.ok((await Promise.all([first, ...later, goesOn])).every(({ said }) => said === 'done'));
  t.same(batches, [[100], [1, 2], [3, 4], [101, 102], [103]]);
  t.match(group.gauges(), { queued: 0, starting: 0 });
  await group.close();
});

t.test('who goes on may wait longer than who starts something', async (t) => {
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const group = groupOf(async (_, batch) => gate.then(() => done(batch)), { starts: isStart, limits: { inFlightMax: 1, queueMs: 60, goOnMs: 60_000 } });
  const first = group.submit(command(100));
  await sleep(1);
  const [starts, goesOn] = [group.submit(command(101)), group.submit(command(1))];
  t.equal((await starts).said, 'waited-too-long');
  open();
  t.same((await Promise.all([first, goesOn])).map(({ said }) => said), ['done', 'done']);
  await group.close();
});

t.test('a deferred start is tried again before other starts, and behind who goes on', async (t) => {
  const seen: number[] = [];
  const group = groupOf(async (_, batch) => {
    seen.push(...batch.map(({ id }) => id));
    await sleep(2);
    return batch.map(({ id }): Outcome<Answer> => (id === 100 && seen.filter((one) => one === 100).length === 1 ? 'defer' : { answer: { id, said: 'done' } }));
  }, { starts: isStart, limits: { batchMax: 1, inFlightMax: 1 } });
  const answers = [group.submit(command(100))];
  await sleep(1);
  answers.push(...[101, 102, 1].map((id) => group.submit(command(id))));
  await Promise.all(answers);
  t.same(seen.slice(0, 2), [100, 1]);
  t.ok(seen.lastIndexOf(100) < seen.indexOf(102), `the deferred one before the last of the line: ${seen.join(' ')}`);
  await group.close();
});

t.test('who starts something is refused at once when its turn would not come soon, or was read late in a full turn', async (t) => {
  const group = groupOf(async (_, batch) => {
    await sleep(40);
    return done(batch);
  }, { starts: isStart, limits: { batchMax: 4, inFlightMax: 1, startWaitMs: 100, queueMs: 10_000 } });
  let next = 100;
  const crowd = (count: number): Promise<Answer>[] => Array.from({ length: count }, () => group.submit(command(next++)));
  const all = crowd(40);
  t.ok(group.hasRoom(0), 'nothing is known yet about how fast the queue empties');
  t.notOk(group.hasRoom(21), 'but this turn has read for too long already');
  await all[4];
  t.notOk(group.hasRoom(0), 'thirty at 10 ms each');
  t.equal((await group.submit(command(next++))).said, 'queue-full');
  t.equal((await group.submit(command(1))).said, 'done', 'who goes on is taken');
  await all[35];
  t.ok(group.hasRoom(0), 'so few are left that they wait less than 100 ms');
  t.ok((await Promise.all(all)).every(({ said }) => said === 'done'));
  await group.close();
});

t.test('a deferred command is tried 20 times more, in front of later ones of its key', async (t) => {
  const seen: number[] = [];
  let tries = 0;
  const group = groupOf(async (_, batch) => {
    for (const { id } of batch) seen.push(id);
    return batch.map(({ id }) => (id === 1 && (tries += 1) <= 20 ? 'defer' : { answer: { id, said: 'done' } }));
  });
  const first = group.submit({ id: 1, keys: ['seat'] });
  await sleep(1);
  const later = group.submit({ id: 2, keys: ['seat'] });
  t.equal((await first).said, 'done');
  t.equal((await later).said, 'done');
  t.equal(seen.filter((id) => id === 1).length, 21);
  t.equal(seen[1], 1, 'the later one never runs in a batch before it');
  await group.close();
});

t.test('a command answered by admission enters no batch; admission sees the keys of earlier commands', async (t) => {
  const batches: number[][] = [];
  const group = groupOf(async (_, batch) => {
    batches.push(batch.map(({ id }) => id));
    return done(batch);
  }, {
    admit: ({ id, keys }, isTaken) => (id === 7 ? { answer: { id, said: 'memory' } } : id === 9 ? { answer: {
      id, said: `taken ${isTaken('x')} ${isTaken('y')}`,
    } } : { keys }),
  });
  const answers = await Promise.all([{ id: 7, keys: [] }, { id: 8, keys: ['x'] }, { id: 9, keys: [] }].map((command) => group.submit(command)));
  t.same(answers.map(({ said }) => said), ['memory', 'done', 'taken true false']);
  t.same(batches, [[8]]);
  await group.close();
});

t.test('a command that breaks its batch fails alone', async (t) => {
  const faults: unknown[] = [];
  const group = groupOf(async (_, batch) => {
    if (batch.some(({ id }) => id === 37)) throw new Error('poison');
    return done(batch);
  }, { onFault: (error) => faults.push(error) });
  const answers = await Promise.all(Array.from({ length: 100 }, (_, id) => group.submit({ id, keys: [] })));
  t.same(answers.filter(({ said }) => said !== 'done'), [{ id: 37, said: 'failed' }]);
  t.ok(faults.length <= 8, `halved ${faults.length} times`);
  await group.close();
});

t.test('lost connections and commits are retried at most five times', async (t) => {
  let runs = 0;
  const flaky = groupOf(async (_, batch) => {
    runs += 1;
    if (runs <= 5) throw runs % 2 === 0 ? new DatabaseAway('away') : new CommitUnknown('lost');
    return done(batch);
  });
  t.equal((await flaky.submit({ id: 1, keys: [] })).said, 'done');
  t.equal(runs, 6);
  const dead = groupOf(async () => {
    throw new DatabaseAway('away');
  });
  t.equal((await dead.submit({ id: 1, keys: [] })).said, 'failed');
  t.match(dead.gauges(), { batches: 6, retries: 5 });
  await Promise.all([flaky.close(), dead.close()]);
});

t.test('on the database: first-come stock is given out exactly, also by two engines at once', async (t) => {
  const pool = openPool({ url: await ownDatabase(t), connections: 4, queueMax: 20 });
  t.teardown(() => pool.close());
  await pool.query('CREATE TABLE stock (id INT PRIMARY KEY, free INT NOT NULL, CHECK (free >= 0))');
  await pool.query('CREATE TABLE taken (id INT PRIMARY KEY)');
  await pool.query('INSERT INTO stock VALUES (1, 150)');
  const run: Run = (_, batch) =>
    inTransaction(pool, { isolation: 'read committed' }, async (tx) => {
      const [[row]] = await tx.query('SELECT free FROM stock WHERE id = 1 FOR UPDATE');
      const winners = batch.slice(0, Number(row?.['free']));
      if (winners.length > 0) {
        await tx.query('INSERT INTO taken (id) VALUES ?', [winners.map(({ id }) => [id])]);
        await tx.query<ResultSetHeader>('UPDATE stock SET free = free - ? WHERE id = 1', [winners.length]);
      }
      return batch.map(({ id }, index) => ({ answer: { id, said: index < winners.length ? 'won' : 'sold out' } }));
    });
  const engines = [groupOf(run, { limits: { batchMax: 16 } }), groupOf(run, { limits: { batchMax: 16 } })];
  const random = seededRandom(SEED);
  const answers = await Promise.all(Array.from({ length: 400 }, async (_, id) => {
    await sleep(randomBelow(random, 30));
    return pick(random, engines).submit({ id, keys: [] });
  }));
  t.equal(answers.filter(({ said }) => said === 'won').length, 150);
  const [[count]] = await pool.query('SELECT COUNT(*) AS n, (SELECT free FROM stock) AS free FROM taken');
  t.match(count, { n: 150, free: 0 });
  await Promise.all(engines.map((engine) => engine.close()));
});
