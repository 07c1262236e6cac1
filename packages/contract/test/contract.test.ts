import t from 'tap';
import Schema from 'typebox/schema';
import { closeCodes, HoldBody, isProblemCode, JoinBody, problem, problems, routes } from '@onsale/contract';

t.test('every refusal has a status, a text in both languages and advice that fits its status', async (t) => {
  for (const [code, definition] of Object.entries(problems)) {
    t.match(code, /^[a-z]+(-[a-z]+)*$/);
    t.ok(definition.status >= 400 && definition.status < 600, code);
    t.ok((definition.en.length > 0 && /[가-힣]/.test(definition.ko)) || code === 'unsupported-media-type', code);
    if (definition.status === 503 || definition.status === 429) t.not(definition.retry, 'changed', code);
  }
  t.equal(problem('seat-taken', {}, 'ko').title, problems['seat-taken'].ko);
  t.notOk(isProblemCode('toString'));
});

t.test('routes are unique and every write with a body names its schema', async (t) => {
  const seen = new Set<string>();
  for (const route of routes) {
    const name = `${route.api} ${route.method} ${route.path}`;
    t.notOk(seen.has(name), name);
    seen.add(name);
    if (route.path.includes(':')) t.ok(route.params, `${name} checks its parameters`);
  }
});

t.test('bodies refuse what is not documented', async (t) => {
  const join = Schema.Compile(JoinBody);
  t.ok(join.Check({}));
  t.notOk(join.Check({ clientKey: 'short' }));
  t.notOk(join.Check({ place: 1 }));
  const hold = Schema.Compile(HoldBody);
  t.ok(hold.Check({ seats: [1, 2] }));
  t.ok(hold.Check({ bestAvailable: { quantity: 2, grade: 'VIP' } }));
  for (const bad of [{}, { seats: [] }, { seats: [1, 1] }, { seats: [-1] }, { seats: [1], bestAvailable: { quantity: 1 } }])
    t.notOk(hold.Check(bad), JSON.stringify(bad));
});

t.test('close codes are unique', async (t) => {
  const codes = Object.values(closeCodes).map(({ code }) => code);
  t.equal(new Set(codes).size, codes.length);
});
