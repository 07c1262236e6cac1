import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { tidy } from '../tidy.ts';
import { lex } from '../tidy/lexer.ts';

const manifest = (name: string, dependencies: readonly string[] = [], exports: Record<string, string> = { '.': './src/index.ts' }): string =>
  JSON.stringify({ name: `@onsale/${name}`, exports, dependencies: Object.fromEntries(dependencies.map((dependency) => [dependency, '1'])) });

/** A small project in which nothing is wrong. */
const CLEAN: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({ devDependencies: { tap: '1', esbuild: '1' } }),
  'README.md': '# x\n',
  'packages/kernel/package.json': manifest('kernel'),
  'packages/kernel/README.md': '# kernel\n',
  'packages/kernel/src/index.ts': "export type WallClock = () => number;\nexport const word = 'Date and process, only spoken of'; // Math.random\n",
  'packages/database/package.json': manifest('database', ['@onsale/kernel', 'mysql2', 'drizzle-orm']),
  'packages/database/README.md': '# database\n',
  'packages/database/src/index.ts': "import 'drizzle-orm';\nexport const query = 'SELECT 1 FROM dual';\n",
  'packages/booking/package.json': manifest('booking', ['@onsale/kernel', '@onsale/database'], { '.': './src/index.ts', './rules/*': './src/rules/*.ts' }),
  'packages/booking/README.md': '# booking\n',
  'packages/booking/src/index.ts': "export * from './rules/seat.ts';\nexport { read } from './store/seats.ts';\n",
  'packages/booking/src/rules/seat.ts': "import type { WallClock } from '@onsale/kernel';\nexport const free = (now: WallClock): boolean => now() > 0;\n",
  'packages/booking/src/store/seats.ts': "import { query } from '@onsale/database';\nexport const read = `${query} SELECT id FROM seat`;\n",
  'packages/waiting-room/package.json': manifest('waiting-room', ['@onsale/kernel', 'ioredis']),
  'packages/waiting-room/README.md': '# waiting-room\n',
  'packages/waiting-room/lua/keep-place.lua': '-- Keeps a place.\nreturn 1\n',
  'packages/waiting-room/lua/shared/clock.lua': '-- The room clock.\n',
  'packages/waiting-room/src/keep-place.ts': 'export const keepPlace = (): number => 1;\n',
  'packages/waiting-room/test/keep-place.test.ts': "import t from 'tap';\nimport { keepPlace } from '../src/keep-place.ts';\nt.equal(keepPlace(), 1);\n",
  'packages/testing/package.json': manifest('testing', ['@onsale/kernel']),
  'packages/testing/README.md': '# testing\n',
  'packages/testing/src/index.ts': 'export const seed = process.env.ONSALE_SEED;\n',
  'packages/runtime/package.json': manifest('runtime', ['@onsale/kernel']),
  'packages/runtime/README.md': '# runtime\n',
  'packages/runtime/src/index.ts': 'export const config = Object.freeze({ ...process.env });\n',
  'apps/ops/package.json': manifest('ops-app', ['@onsale/runtime', '@onsale/booking'], {}),
  'apps/ops/README.md': '# ops\n',
  'apps/ops/src/main.ts': "import { config } from '@onsale/runtime';\nimport { free } from '@onsale/booking/rules/seat';\nexport const all = [config, free];\n",
  'scripts/start.ts': "import { seed } from '@onsale/testing';\nconsole.log(seed, process.env.HOME);\n",
};

/** What is planted, and where it must be seen: path, line, rule. */
const PLANTED: readonly (readonly [what: string, files: Readonly<Record<string, string>>, path: string, line: number, rule: string])[] = [
  ['a strange folder at the top', { 'docs/a.md': 'x' }, 'docs', 1, 'top-level'],
  [
    'a package without README',
    { 'packages/sales/package.json': manifest('sales'), 'packages/sales/src/index.ts': '' },
    'packages/sales/README.md',
    1,
    'readme',
  ],
  ['a path of one machine', { 'scripts/a.sh': `#!/bin/sh\ncd ${['', 'home', 'kim'].join('/')}\n` }, 'scripts/a.sh', 2, 'machine-path'],
  ['the address of a registry', { 'package-lock.json': `{\n"resol${'ved'}": "https://packages.example/a.tgz" }` }, 'package-lock.json', 2, 'registry'],
  ['a library that the kernel may not have', { 'packages/kernel/src/a.ts': "\nimport 'tap';\n" }, 'packages/kernel/src/a.ts', 2, 'undeclared'],
  [
    'a node module in the kernel',
    { 'packages/kernel/src/a.ts': "import { join } from 'node:path';\nexport { join };\n" },
    'packages/kernel/src/a.ts',
    1,
    'purity',
  ],
  [
    'the waiting room reaching for the database',
    {
      'packages/waiting-room/package.json': manifest('waiting-room', ['@onsale/database']),
      'packages/waiting-room/src/a.ts': "import { query } from '@onsale/database';\nexport { query };\n",
    },
    'packages/waiting-room/src/a.ts',
    1,
    'import',
  ],
  [
    'a capability importing another',
    {
      'packages/payments/package.json': manifest('payments', ['@onsale/booking']),
      'packages/payments/README.md': 'x',
      'packages/payments/src/index.ts': "export { free } from '@onsale/booking';\n",
    },
    'packages/payments/src/index.ts',
    1,
    'import',
  ],
  [
    'undici outside payments',
    {
      'packages/booking/package.json': manifest('booking', ['@onsale/kernel', '@onsale/database', 'undici'], {
        '.': './src/index.ts',
        './rules/*': './src/rules/*.ts',
      }),
      'packages/booking/src/a.ts': "import { request } from 'undici';\nexport { request };\n",
    },
    'packages/booking/src/a.ts',
    1,
    'import',
  ],
  [
    'testing imported by an app',
    {
      'apps/ops/package.json': manifest('ops-app', ['@onsale/testing', '@onsale/runtime', '@onsale/booking'], {}),
      'apps/ops/src/a.ts': "import '@onsale/testing';\n",
    },
    'apps/ops/src/a.ts',
    1,
    'import',
  ],
  [
    'an app importing another app',
    {
      'apps/web/package.json': manifest('web-app', ['@onsale/ops-app'], {}),
      'apps/web/README.md': 'x',
      'apps/web/src/a.ts': "import '../../ops/src/main.ts';\n",
    },
    'apps/web/src/a.ts',
    1,
    'past-exports',
  ],
  [
    'a page that sees a server package',
    {
      'apps/web/package.json': manifest('web-app', ['@onsale/booking'], {}),
      'apps/web/README.md': 'x',
      'apps/web/src/pages/a.tsx': "import { free } from '@onsale/booking';\nexport { free };\n",
    },
    'apps/web/src/pages/a.tsx',
    1,
    'import',
  ],
  [
    'an undeclared workspace',
    { 'packages/kernel/package.json': manifest('kernel'), 'apps/ops/src/a.ts': "import { word } from '@onsale/kernel';\nexport { word };\n" },
    'apps/ops/src/a.ts',
    1,
    'undeclared',
  ],
  ['an undeclared library', { 'apps/ops/src/a.ts': "const later = () => import('fastify');\nexport { later };\n" }, 'apps/ops/src/a.ts', 1, 'undeclared'],
  [
    'an import past the exports',
    { 'apps/ops/src/a.ts': "import { read } from '@onsale/booking/store/seats';\nexport { read };\n" },
    'apps/ops/src/a.ts',
    1,
    'past-exports',
  ],
  ['a relative path into a package', { 'scripts/a.ts': "import '../packages/kernel/src/index.ts';\n" }, 'scripts/a.ts', 1, 'past-exports'],
  [
    'files in a circle',
    {
      'packages/booking/src/one.ts': "import { b } from './two.ts';\nexport const a = b;\n",
      'packages/booking/src/two.ts': "import { a } from './one.ts';\nexport const b = a;\n",
    },
    'packages/booking/src/two.ts',
    1,
    'cycle',
  ],
  [
    'the environment read outside runtime',
    { 'packages/booking/src/a.ts': '\n\nexport const home = process.env.HOME;\n' },
    'packages/booking/src/a.ts',
    3,
    'environment',
  ],
  ['drizzle outside database', { 'apps/ops/src/a.ts': "import { eq } from 'drizzle-orm';\nexport { eq };\n" }, 'apps/ops/src/a.ts', 1, 'drizzle'],
  [
    'a rule that imports its store',
    { 'packages/booking/src/rules/a.ts': "export { read } from '../store/seats.ts';\n" },
    'packages/booking/src/rules/a.ts',
    1,
    'import',
  ],
  [
    'a rule that imports the database',
    { 'packages/booking/src/rules/a.ts': "export { query } from '@onsale/database';\n" },
    'packages/booking/src/rules/a.ts',
    1,
    'import',
  ],
  ...['new Date()', 'Math.random()', 'process.pid', 'setTimeout(() => 1, 1)', 'async () => 1', 'performance.now()', 'fetch("x")'].map(
    (code) =>
      [
        `a rule that uses ${code}`,
        { 'packages/booking/src/rules/a.ts': `export const a = 1;\nexport const b = ${code};\n` },
        'packages/booking/src/rules/a.ts',
        2,
        'purity',
      ] as const,
  ),
  ['a file of 301 lines', { 'packages/booking/src/a.ts': 'export {};\n'.repeat(301) }, 'packages/booking/src/a.ts', 1, 'file-length'],
  ['a line of 161 characters', { 'packages/booking/src/a.ts': `// ${'x'.repeat(158)}\n` }, 'packages/booking/src/a.ts', 1, 'line-length'],
  [
    'a function of 61 lines',
    { 'packages/booking/src/a.ts': `export function a(b: { c: string } = { c: ')' }): { d: number } {\n${'  // x\n'.repeat(58)}  return { d: 1 };\n}\n` },
    'packages/booking/src/a.ts',
    1,
    'function-length',
  ],
  [
    'an arrow function of 61 lines',
    { 'packages/booking/src/a.ts': `export const a = (b: number): number => {\n${'  // x\n'.repeat(58)}  return b;\n};\n` },
    'packages/booking/src/a.ts',
    1,
    'function-length',
  ],
  [
    'a method of 61 lines',
    { 'packages/booking/src/a.ts': `export class A {\n  b(): void {\n${'    // x\n'.repeat(59)}  }\n}\n` },
    'packages/booking/src/a.ts',
    2,
    'function-length',
  ],
  ['a file called utils', { 'packages/booking/src/utils.ts': 'export {};\n' }, 'packages/booking/src/utils.ts', 1, 'name'],
  ['a folder called common', { 'packages/booking/src/common/a.ts': 'export {};\n' }, 'packages/booking/src/common/a.ts', 1, 'name'],
  ['a class called SeatManager', { 'packages/booking/src/a.ts': 'export class SeatManager {}\n' }, 'packages/booking/src/a.ts', 1, 'name'],
  ['SQL outside a store', { 'packages/booking/src/a.ts': 'export const a = `\n  UPDATE seat SET state = ${1}`;\n' }, 'packages/booking/src/a.ts', 1, 'sql'],
  ['SQL in lower case', { 'apps/ops/src/a.ts': "export const a = 'delete from seat where id = 1';\n" }, 'apps/ops/src/a.ts', 1, 'sql'],
  ['a Lua script without a header', { 'packages/waiting-room/lua/keep-place.lua': 'return 1\n' }, 'packages/waiting-room/lua/keep-place.lua', 1, 'lua'],
  [
    'a Lua script without a verb',
    { 'packages/waiting-room/lua/leave.lua': '-- Leaves.\n', 'packages/waiting-room/test/leave.test.ts': 'leave();\n' },
    'packages/waiting-room/lua/leave.lua',
    1,
    'lua',
  ],
  [
    'a Lua script without a test',
    { 'packages/waiting-room/lua/leave.lua': '-- Leaves.\n', 'packages/waiting-room/src/leave.ts': 'export {};\n' },
    'packages/waiting-room/lua/leave.lua',
    1,
    'lua',
  ],
];

function plant(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

t.test('a clean tree has nothing to tidy', async (t) => {
  const root = t.testdir();
  plant(root, CLEAN);
  t.same(tidy(root), []);
});

for (const [what, files, path, line, rule] of PLANTED) {
  t.test(`sees ${what}`, async (t) => {
    const root = t.testdir();
    plant(root, CLEAN);
    plant(root, files);
    const findings = tidy(root);
    t.ok(
      findings.some((finding) => finding.path === path && finding.line === line && finding.rule === rule),
      'it is reported where it is',
      { found: findings },
    );
    t.ok(
      findings.every((finding) => finding.path === path || rule === 'cycle'),
      'and nothing else is',
      { found: findings },
    );
    rmSync(root, { recursive: true, force: true });
  });
}

t.test('limits are what they say: the last allowed size passes', async (t) => {
  const root = t.testdir();
  plant(root, CLEAN);
  plant(root, {
    'packages/booking/src/a.ts': 'export {};\n'.repeat(300),
    'packages/booking/src/b.ts': `// ${'가'.repeat(157)}\nexport function a(): void {\n${'  // x\n'.repeat(58)}}\n`,
    'packages/booking/src/c.ts': `if (1 > 0) {\n${'  // x\n'.repeat(80)}}\nexport const table = {\n${'  // x\n'.repeat(80)}};\n`,
    'packages/booking/src/d.ts': "import type { A } from './e.ts';\nexport type B = A;\n",
    'packages/booking/src/e.ts': "import type { B } from './d.ts';\nexport type A = B | 1;\n",
    'packages/booking/test/a.test.ts': "import t from 'tap';\nimport '@onsale/testing';\nt.ok(process.env.ONSALE_SEED ?? 'SELECT 1 FROM seat');\n",
  });
  t.same(tidy(root), []);
});

t.test('the lexer keeps offsets and tells code from text', async (t) => {
  const cases: readonly (readonly [text: string, code: string, strings: readonly string[]])[] = [
    ["a('it\\'s') // 'no'", "a('     ')        ", ["it\\'s"]],
    ['`a ${b(`c ${d}`)} e`', '`    b(`    d `)   `', ['c  ', 'a   e']],
    ['`${ { a: 1 }.a }`', '`   { a: 1 }.a  `', [' ']],
    ['x = y / 2 / z; /["/]+/.test(q)', 'x = y / 2 / z; /     /.test(q)', []],
    ['/* "a" */ b /* c', '          b     ', []],
    ["<p>don't</p>\nf('x')", "<p>don'     \nf(' ')", ['t</p>', 'x']],
    ['return /a\'b/ + "c"', 'return /   / + " "', ['c']],
  ];
  for (const [text, code, strings] of cases) {
    const lexed = lex(text);
    t.equal(lexed.code, code);
    t.same(
      lexed.strings.map(({ value }) => value),
      strings,
      text,
    );
    t.equal(lexed.code.length, text.length);
  }
});
