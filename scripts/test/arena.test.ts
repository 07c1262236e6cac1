import t from 'tap';
import { demoArena } from '../demo/arena.ts';

t.test('the demonstration arena has 15,000 seats, 4 grades and more than 60 sections, numbered without a gap', async (t) => {
  const hall = demoArena();
  t.equal(hall.seats, 15_000);
  t.ok(hall.sections.length > 60);
  const numbers = hall.sections.flatMap(({ rows }) => rows.flatMap(({ first, count }) => Array.from({ length: count }, (_, k) => first + k)));
  t.same(
    numbers,
    Array.from({ length: 15_000 }, (_, n) => n),
  );
  const grades = new Set(hall.grades.map(({ grade }) => grade));
  t.equal(grades.size, 4);
  for (const { rows } of hall.sections) for (const row of rows) t.ok(grades.has(row.grade));
});

t.test('every seat stands in the hall and no two stand in one spot', async (t) => {
  const hall = demoArena();
  const spots = new Set<string>();
  for (const { rows } of hall.sections) {
    for (const row of rows) {
      for (let k = 0; k < row.count; k += 1) {
        const [x, y] = [row.x + k * row.dx, row.y + k * row.dy];
        if (x < 0 || y < 0 || x > hall.width || y > hall.height) t.fail(`row ${row.row} leaves the hall at ${x}, ${y}`);
        spots.add(`${Math.round(x * 2)}:${Math.round(y * 2)}`);
      }
    }
  }
  t.equal(spots.size, 15_000, 'half a unit apart at least');
});
