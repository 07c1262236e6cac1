import t from 'tap';
import { Type } from 'typebox';
import Schema from 'typebox/schema';
import { closeCodes, HoldBody, isProblemCode, JoinBody, PlaceSocketInput, problem, problems, routes, SeatSocketInput, Text } from '@onsale/contract';

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

type AnySchema = { type?: string; properties?: Record<string, AnySchema>; items?: AnySchema; anyOf?: AnySchema[]; additionalProperties?: unknown };

/** The places of a schema at which somebody may send what nobody documented: unknown members at any depth, texts that take control characters. */
function gapsOf(schema: AnySchema, at: string): string[] {
  const deeper = [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, member]) => gapsOf(member, `${at}/${name}`)),
    ...(schema.items === undefined ? [] : [schema.items].flat().flatMap((item) => gapsOf(item, `${at}[]`))),
    ...(schema.anyOf ?? []).flatMap((choice) => gapsOf(choice, at)),
  ];
  if (schema.type === 'object' && schema.additionalProperties !== false) deeper.push(`${at} takes unknown members`);
  if (schema.type === 'string') {
    const check = Schema.Compile(schema as never);
    for (const sign of ['\u0000', '\r', '\n', '\u001b', '\u2028'])
      for (const length of [1, 8, 22, 43]) if (check.Check(`${sign}${'A'.repeat(length)}`)) deeper.push(`${at} takes ${JSON.stringify(sign)}`);
  }
  return [...new Set(deeper)];
}

t.test('no body and no message takes a member that is not documented, at any depth, or a text with control characters', async (t) => {
  const bodies = routes.flatMap(({ method, path, body }) => (body === undefined ? [] : [[`${method} ${path}`, body] as const]));
  t.ok(bodies.length >= 8);
  for (const [name, schema] of [...bodies, ['place socket', PlaceSocketInput], ['seat socket', SeatSocketInput]] as const)
    t.same(gapsOf(schema as never, ''), [], name);
  const text = Schema.Compile(Text({ maxLength: 20 }));
  for (const good of ['', '김하늘', 'O’Neill-Ñ', '👩‍🎤', 'a b']) t.ok(text.Check(good), good);
});

t.test('control: a gap is found wherever it is', async (t) => {
  const nested = Type.Object({ buyer: Type.Object({ note: Type.String() }) }, { additionalProperties: false });
  t.match(gapsOf(nested as never, '').sort(), ['/buyer takes unknown members', /^\/buyer\/note takes/]);
});

t.test('close codes are unique', async (t) => {
  const codes = Object.values(closeCodes).map(({ code }) => code);
  t.equal(new Set(codes).size, codes.length);
});
