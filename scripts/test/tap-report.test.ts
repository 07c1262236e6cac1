import t from 'tap';
import { countsOf, readTap } from '../suites/tap-report.ts';

const TAP = `TAP version 14
# Subtest: a.test.ts
    # Subtest: outer
        ok 1 - fine
        not ok 2 - one is two
          ---
          compare: ===
          at:
            lineNumber: 2
          source: |
            t.equal(1, 2)
          diff: |
            -2
            +1
          ...

        ok 3 - browser # SKIP no Chromium
        1..3
    not ok 1 - outer # time=3ms
      ---
      at:
        lineNumber: 1
      ...

    1..1
not ok 1 - a.test.ts # time=9ms
  ---
  exitCode: 1
  ...

# Subtest: b.test.ts
    ok 1 - 가나다
    1..1
ok 2 - b.test.ts # time=1ms

# { total: 4, pass: 2, fail: 1, todo: 1, skip: 1 }
# time=20ms
`;

t.test('a file at a time: its failures without repetition, its skips, silence about what passed', async (t) => {
  for (const size of [1, 7, TAP.length]) {
    const reader = readTap();
    const files = Array.from({ length: Math.ceil(TAP.length / size) }, (_, index) => TAP.slice(index * size, (index + 1) * size)).flatMap((piece) =>
      reader.add(piece),
    );
    t.same(files, [
      {
        ok: false,
        line: 'not ok 1 - a.test.ts # time=9ms',
        failures: ['outer › one is two\n    diff: |\n      -2\n      +1'],
        skips: ['browser # SKIP no Chromium'],
      },
      { ok: true, line: 'ok 2 - b.test.ts # time=1ms', failures: [], skips: [] },
    ]);
  }
});

t.test('the closing counts; none when tap broke off', async (t) => {
  t.same(countsOf(TAP), { passed: 2, failed: 1, skipped: 2 });
  t.same(countsOf('ok 1 - x\n'), { passed: 0, failed: 0, skipped: 0 });
});
