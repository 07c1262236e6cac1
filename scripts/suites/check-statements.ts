import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { migrate, openPool } from '@onsale/database';
import { fillTables } from './fill-tables.ts';
import { judgeStatements, readStatements, withoutTests } from './judge-statements.ts';

const CHECKOUT = resolve(import.meta.dirname, '../..');
const DATABASE = 'onsale_statements';
const STATEMENT_MS = 120_000;
/** Fewer distinct statements than these in a run of every suite: the recorder was not there. */
const STATEMENTS_MIN = 120;

/** What makes every Node process of the suites write its statements into `folder`. */
export const recorderEnvironment = (folder: string): { NODE_OPTIONS: string; ONSALE_STATEMENTS: string } => ({
  NODE_OPTIONS: [process.env['NODE_OPTIONS'], `--import ${pathToFileURL(join(import.meta.dirname, 'record-statements.mjs')).href}`].filter(Boolean).join(' '),
  ONSALE_STATEMENTS: folder,
});

/** `told` is worth a line and wrong is nothing about it. */
export type Checked = { readonly wrong: readonly string[]; readonly told: readonly string[] };

/** `whole`: every suite has run, so that nothing may be missing and no permission idle. */
export async function checkStatements(serverUrl: string, folder: string, whole: boolean): Promise<Checked> {
  const began = performance.now();
  const url = new URL(serverUrl);
  url.pathname = `/${DATABASE}`;
  const server = openPool({ url: serverUrl, connections: 1 });
  await server.query(`CREATE DATABASE ${DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci`);
  const pool = openPool({ url: url.href, connections: 1, statementMs: STATEMENT_MS });
  try {
    await migrate(url.href);
    await fillTables(pool);
    const sources = textOf(['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts', 'scripts/*.ts', 'scripts/{start,demo,crowd}/*.ts']);
    const tests = textOf(['packages/*/test/**/*.ts', 'apps/*/test/**/*.ts', 'scripts/test/*.ts']);
    const { explained, findings, unused, foreign } = await judgeStatements(pool, withoutTests(readStatements(folder), sources, tests));
    const wrong = findings.map(({ table, how, shape }) => `${table} is read by ${how}: ${shape}`);
    if (whole && explained < STATEMENTS_MIN) wrong.push(`only ${explained} statements were seen, at least ${STATEMENTS_MIN} are there`);
    if (whole) wrong.push(...unused.map((statement) => `no statement needs this permission any more: ${statement}`));
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    const strange = foreign.map((shape) => `on a table that the schema does not have: ${shape}`);
    return { wrong, told: [`${explained} statements explained in ${seconds} s, ${foreign.length} not judged`, ...strange] };
  } finally {
    await pool.close();
    await server.query(`DROP DATABASE ${DATABASE}`);
    await server.close();
  }
}

const textOf = (patterns: readonly string[]): string =>
  globSync([...patterns], { cwd: CHECKOUT }).map((file) => readFileSync(join(CHECKOUT, file), 'utf8')).join('\n');
