import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { API_PREFIX, openApiOf, problems, refusalsOf, routes, socketRoutes, type Json, type Route } from '@onsale/contract';

const CHECKOUT = resolve(import.meta.dirname, '../../..');
const APIS = ['admission', 'booking', 'ops'] as const;
const LIMIT_MS = 120_000;
const documentOf = (api: Route['api']): Json => openApiOf(api, { title: `Onsale ${api}`, description: 'A test', version: '1' });
type Operation = { readonly operationId: string; readonly responses: Record<string, unknown>; readonly parameters?: readonly { readonly name: string }[] };
const operationsOf = (document: Json): Operation[] => Object.values(document['paths'] as Record<string, Record<string, Operation>>).flatMap(Object.values);

/** Findings of Redocly's recommended rules, warnings among them. */
async function findingsOf(document: Json): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'onsale-openapi-'));
  try {
    const file = join(folder, 'openapi.json');
    writeFileSync(file, JSON.stringify(document));
    const lint = [join(CHECKOUT, 'node_modules/@redocly/cli/bin/cli.js'), 'lint', '--extends', 'recommended', '--format', 'json', file];
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
    const outcome = await promisify(execFile)(process.execPath, lint, { timeout: LIMIT_MS, env, cwd: folder }).catch((error: { stdout?: string }) => error);
    const report = JSON.parse(outcome.stdout ?? '') as { readonly problems: readonly { readonly ruleId: string; readonly message: string }[] };
    return report.problems.map(({ ruleId, message }) => `${ruleId}: ${message}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

t.test('a strict linter finds nothing in any document', async (t) => {
  for (const api of APIS) t.same(await findingsOf(documentOf(api)), [], api);
});

t.test('control: the linter finds a tuple of an older draft, an operation without a name and a schema that nobody uses', async (t) => {
  const document = structuredClone(documentOf('booking')) as Record<string, never>;
  delete (document as unknown as { paths: Record<string, { get: { operationId?: string } }> }).paths['/entry']!.get.operationId;
  Object.assign((document as unknown as { components: { schemas: object } }).components.schemas, {
    Tuple: { type: 'array', items: [{ type: 'number' }] }, Unused: { type: 'string' },
  });
  const findings = (await findingsOf(document)).join('\n');
  for (const rule of ['operation-operationId', 'struct', 'no-unused-components']) t.match(findings, rule);
});

t.test('every operation has a name of its own, lists its own refusals by status, and says which headers it needs', async (t) => {
  for (const api of APIS) {
    const own = routes.filter((route) => route.api === api);
    const operations = operationsOf(documentOf(api));
    t.same(operations.map(({ operationId }) => operationId).sort(), own.map(({ id }) => id).sort(), api);
    t.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
  }
  const lists = routes.map((route) => refusalsOf(route).length);
  t.ok(Math.max(...lists) < Object.keys(problems).length, 'no operation lists them all');
  const hold = operationsOf(documentOf('booking')).find(({ operationId }) => operationId === 'holdSeats');
  t.match(hold?.parameters, [{ name: 'show' }, { name: 'idempotency-key' }]);
  t.match(JSON.stringify(hold?.responses['409']), /seat-taken/);
  t.notOk(JSON.stringify(hold?.responses).includes('payment-refused'), 'not what only another operation answers');
});

t.test('shared shapes have names, servers and sockets are told, and no other API’s proofs are named', async (t) => {
  const document = documentOf('booking');
  const { schemas, securitySchemes } = document['components'] as { readonly schemas: Record<string, unknown>; readonly securitySchemes: Json };
  for (const name of ['OrderReply', 'HoldReply', 'ProblemReply', 'BilingualText']) t.ok(schemas[name], name);
  t.same(document['servers'], [{ url: API_PREFIX.booking }]);
  t.notOk(securitySchemes['operator']);
  for (const { api, id } of socketRoutes) t.match(documentOf(api)['x-sockets'], [{ id }]);
});
