import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool, RowDataPacket } from '@onsale/database';
import { FILL_SCOPE, SCOPE_COLUMNS } from './fill-tables.ts';
import { SCANS_ALLOWED } from './scans-allowed.ts';

/**
 * Every statement must find its rows by an index that tells few rows from many, at realistic sizes (fill-tables.ts). Found are a scan of a table or
 * of an index (but for its first rows, in its order); an index of which only coarse columns are used, which reads all of a show, a room or a
 * state; and a permission (scans-allowed.ts) whose statement scans no more.
 */
export type Statement = { readonly shape: string; readonly sql: string };
export type PlanFinding = { readonly shape: string; readonly table: string; readonly how: string };

/** Columns that thousands of rows share. An index used no further than these is a scan of a part of the table. */
const COARSE = new Set([...SCOPE_COLUMNS, 'state']);
const EXPLAINED = /^(?:\s|\/\*[^*]*\*\/)*(?:\(?\s*SELECT\b[^]*\bFROM\b|UPDATE\b|DELETE\b|INSERT\b[^]*\bSELECT\b|WITH\b)/i;
const NOT_OURS = /information_schema|\bschema_migration\b|performance_schema|\bmysql\./i;

export function readStatements(folder: string): Statement[] {
  const byShape = new Map<string, Statement>();
  for (const name of readdirSync(folder)) {
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
      if (line === '') continue;
      const statement = parsed(line);
      const known = statement && byShape.get(statement.shape);
      if (statement && (!known || statement.sql.length < known.sql.length)) byShape.set(statement.shape, statement);
    }
  }
  return [...byShape.values()];
}

/** The last line of a process that was killed may be half. */
function parsed(line: string): Statement | undefined {
  try {
    return JSON.parse(line) as Statement;
  } catch {
    return undefined;
  }
}

/** Statements of the product: not those that are marked, or whose whole text or beginning stands in a test and nowhere else. */
export function withoutTests(statements: readonly Statement[], sources: string, tests: string): Statement[] {
  const [inSources, inTests, bareSources, bareTests] = [flat(sources), flat(tests), bare(sources), bare(tests)];
  return statements.filter(({ sql, shape }) => {
    if (sql.startsWith(MARK)) return false;
    const whole = [...'\'"`'].map((quote) => bare(shape) + quote);
    if (whole.some((text) => bareTests.includes(text)) && !whole.some((text) => bareSources.includes(text))) return false;
    const beginning = flat(/^[^'0-9]*/.exec(sql)?.[0] ?? '').replace(/ x$/i, '').trim();
    return beginning.length < 15 || inSources.includes(beginning) || !inTests.includes(beginning);
  });
}
/** Before a statement that a test puts together of pieces. */
const MARK = '/* test */';
const flat = (text: string): string => text.replace(/\s+/g, ' ');
/** As shapeOf leaves statements, of a text that holds more than these. */
const bare = (text: string): string => flat(text).replace(/\$\{[^}]*\}|x?'[^'\s]*'|\b\d+\b/gi, '?').replace(/\?(?:, ?\?)+/g, '?');

/** `foreign`: shapes of statements on tables that the schema does not have (a test's own); they are not judged. */
export type Judged = {
  readonly explained: number;
  readonly findings: readonly PlanFinding[];
  readonly unused: readonly string[];
  readonly foreign: readonly string[];
};

export async function judgeStatements(pool: Pool, statements: readonly Statement[], allowed = SCANS_ALLOWED): Promise<Judged> {
  const [findings, foreign]: [PlanFinding[], string[]] = [[], []];
  const [used, idle] = [new Set<RegExp>(), new Set<RegExp>()];
  let explained = 0;
  await explainInTheOldForm(pool);
  const schema = await readSchema(pool);
  for (const { shape, sql } of statements) {
    if (!EXPLAINED.test(sql) || NOT_OURS.test(sql)) continue;
    const tables = tablesIn(sql);
    if (tables.length > 0 && !tables.some((table) => schema.primary.has(table))) {
      foreign.push(shape);
      continue;
    }
    explained += 1;
    const scans = (await findIn(pool, sql, schema)).map((scan) => ({ shape, ...scan }));
    const permit = allowed.find(({ statement }) => statement.test(shape));
    if (permit === undefined) findings.push(...scans);
    else (scans.length > 0 ? used : idle).add(permit.statement);
  }
  return { explained, findings, foreign, unused: [...idle].filter((statement) => !used.has(statement)).map((statement) => statement.source) };
}

/** MySQL's newer form names things otherwise; the older one is MariaDB's too, which has no such setting. */
async function explainInTheOldForm(pool: Pool): Promise<void> {
  const [rows] = await pool.query("SHOW VARIABLES LIKE 'explain_json_format_version'");
  if (rows.length > 0) await pool.query('SET SESSION explain_json_format_version = 1');
}

/** One that the database does not explain is a finding too: nobody knows how it finds its rows. */
async function findIn(pool: Pool, sql: string, schema: Schema): Promise<Omit<PlanFinding, 'shape'>[]> {
  let plan: unknown;
  try {
    plan = await planOf(pool, sql);
  } catch (error) {
    return [{ table: tablesIn(sql).join(', '), how: `nobody knows what: ${(error as Error).message}` }];
  }
  return scansIn(plan, sql, schema);
}

/** What is read: names behind FROM, JOIN and UPDATE. Names of a WITH or of a derived table may be among them; the schema has none of those. */
const NAMED = /(?<!\b(?:FOR|KEY)\s+)\b(?:FROM|JOIN|UPDATE)\s+(?:IGNORE\s+)?(?:`?\w+`?\.)?`?(?!SELECT\b)([a-z_]\w*)/gi;
const tablesIn = (sql: string): string[] => [...new Set(sql.matchAll(NAMED).map(([, name = '']) => name))];

const SCOPED = new RegExp(`(\\b(?:${SCOPE_COLUMNS.join('|')})\`?(?:\\s*=\\s*|\\s+IN\\s*\\())'[^']*'`, 'gi');

async function planOf(pool: Pool, sql: string): Promise<unknown> {
  const sized = sql.replace(SCOPED, `$1'${FILL_SCOPE}'`);
  const [[row]] = await pool.query<RowDataPacket[]>(`EXPLAIN FORMAT=JSON ${sized.replaceAll(/(?<=[\s(,=])\?(?=[\s),]|$)/g, '1')}`);
  const text = Object.values(row as RowDataPacket)[0];
  return typeof text === 'string' ? JSON.parse(text) : text;
}

type Access = {
  readonly table_name?: string;
  readonly access_type?: string;
  readonly key?: string;
  readonly used_key_parts?: readonly string[];
  /** MySQL: the table that is written to, and one that was made by a subquery, whose own accesses stand within. */
  readonly insert?: true;
  readonly materialized_from_subquery?: unknown;
};

/** Both servers write every access as an object with these members, wherever it stands in the plan. */
function accessesIn(plan: unknown): Access[] {
  if (Array.isArray(plan)) return plan.flatMap(accessesIn);
  if (typeof plan !== 'object' || plan === null) return [];
  const inner = Object.values(plan).flatMap(accessesIn);
  const { table_name: table, access_type: access, insert, materialized_from_subquery: made } = plan as Access;
  const isRead = table !== undefined && access !== undefined && !table.startsWith('<') && !insert && made === undefined;
  return isRead ? [plan as Access, ...inner] : inner;
}

function scansIn(plan: unknown, sql: string, schema: Schema): Omit<PlanFinding, 'shape'>[] {
  const accesses = accessesIn(plan);
  return accesses.flatMap((access) => {
    const how = scanOf(access, sql, schema);
    return how === undefined || (how === 'index' && accesses.length === 1 && readsFirstRows(plan, sql)) ? [] : [{ table: tableOf(access, sql, schema), how }];
  });
}

/** In the order of an index up to a LIMIT, nothing sorted or filtered on the way. */
const readsFirstRows = (plan: unknown, sql: string): boolean => (
  /\blimit\s+\d+/i.test(sql) && !/"(?:filesort|using_filesort|temporary_table|attached_condition)":\s*(?!false)/.test(JSON.stringify(plan))
);

function scanOf(access: Access, sql: string, { primary }: Schema): string | undefined {
  const { access_type: type = '', key, used_key_parts: parts = [] } = access;
  if (type === 'ALL' || type === 'index') return type;
  if (['const', 'eq_ref', 'system'].includes(type) || !parts.every((part) => COARSE.has(part))) return undefined;
  const isWholeKey = key === 'PRIMARY' && primary.get(tableOf(access, sql, { primary }))?.length === parts.length;
  return isWholeKey ? undefined : `${type} by ${parts.join(', ')} alone`;
}

/** Plans name aliases. */
function tableOf({ table_name: name = '' }: Access, sql: string, { primary }: Schema): string {
  if (primary.has(name)) return name;
  const named = sql.matchAll(new RegExp(`\\b(\\w+)\`?\\s+(?:AS\\s+)?\`?${name}\\b`, 'gi'));
  return named.map(([, word = '']) => word).find((word) => primary.has(word)) ?? name;
}

/** Columns of the primary keys by table. */
type Schema = { readonly primary: ReadonlyMap<string, readonly string[]> };

async function readSchema(pool: Pool): Promise<Schema> {
  const [rows] = await pool.query<RowDataPacket[]>(
    "SELECT table_name AS t, column_name AS c FROM information_schema.statistics WHERE table_schema = DATABASE() AND index_name = 'PRIMARY'",
  );
  const keys = Map.groupBy(rows, (row) => String(row['t']));
  return { primary: new Map([...keys].map(([table, parts]) => [table, parts.map((part) => String(part['c']))])) };
}
