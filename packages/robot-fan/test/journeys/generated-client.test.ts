import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ADMISSION_PREFIX, BOOKING_PREFIX } from '@onsale/contract';
import { makeOnSale, openWholeSystem, smallHall } from '@onsale/testing';
import { generateApi } from 'swagger-typescript-api';
import t, { type Test } from 'tap';

// What a stranger's program does: generates a client from the documents that the gateway serves, is checked by the compiler, and books a seat.

const CHECKOUT = resolve(import.meta.dirname, '../../../..');
const LIMIT_MS = 120_000;
const ENVIRONMENT = { PATH: process.env['PATH'] ?? '' };
/** A program of Node as a stranger starts it, without what the test runner loads into every Node it sees. */
const runNode = (args: readonly string[], cwd: string): Promise<{ readonly stdout: string }> =>
  promisify(execFile)('/bin/sh', ['-c', 'unset NODE_OPTIONS; exec "$@"', 'sh', process.execPath, ...args], { cwd, env: ENVIRONMENT, timeout: LIMIT_MS });

/** The program. `seatOf` is where the negative control lies to the compiler. */
const program = (seatOf: string): string => `
import { randomBytes } from 'node:crypto';
import { Api as Admission } from './admission.ts';
import { Api as Booking } from './booking.ts';

const [gateway = '', sandbox = ''] = process.argv.slice(2);
const admission = new Admission({ baseUrl: gateway + '${ADMISSION_PREFIX}' });
const booking = new Booking({ baseUrl: gateway + '${BOOKING_PREFIX}' });
const clientKey = randomBytes(16).toString('base64url');
const once = () => ({ 'idempotency-key': randomBytes(16).toString('base64url') });

/** Whoever is asked to wait is told for how long. */
const answered = async <Data>(ask: () => Promise<{ data: Data }>): Promise<Data> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return (await ask()).data;
    } catch (refused) {
      const { status, error } = refused as { status: number; error?: { retryAfterMs?: number } };
      if (tries === 30 || (status !== 503 && status !== 429)) throw refused;
      await new Promise((done) => setTimeout(done, error?.retryAfterMs ?? 1_000));
    }
  }
};

const joined = await answered(() => admission.rooms.join('demo', { clientKey }));
const receipt = { headers: { authorization: 'Bearer ' + joined.receipt } };
for (let place = joined; place.state !== 'called'; place = await answered(() => admission.rooms.readPlace('demo', receipt))) {
  await new Promise((done) => setTimeout(done, place.pollAfterMs));
}
const { entryToken, shows } = await answered(() => admission.rooms.enter('demo', receipt));
const show = shows[0]?.show ?? '';
const { session } = await answered(() => booking.entry.openSession({ entryToken, clientKey }));
const inside = { headers: { authorization: 'Bearer ' + session, 'x-client-key': clientKey, ...once() } };
const hold = await answered(() => booking.shows.holdSeats(show, { bestAvailable: { quantity: 1 } }, inside));
const order = await answered(() => booking.orders.placeOrder({ show, hold: hold.id }, inside));
const owner = { headers: { 'x-order-key': order.orderKey ?? '', ...once() } };
const payment = await answered(() => booking.orders.openPayment(order.id, owner));
const window = { tossClientKey: payment.tossClientKey, orderId: payment.providerOrderId, amount: payment.amount, outcome: 'approve' };
const paid = await fetch(sandbox + '/control/payments', {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(window),
});
const { paymentKey } = await paid.json() as { paymentKey: string };
const proof = { paymentKey, orderId: payment.providerOrderId, amount: payment.amount };
let bought = await answered(() => booking.orders.confirmPayment(order.id, payment.n, proof, owner));
for (let look = 0; look < 60 && bought.state !== 'paid'; look += 1) {
  await new Promise((done) => setTimeout(done, 500));
  bought = await answered(() => booking.orders.readOrder(order.id, owner));
}
const seat: string = bought.tickets[0]!.${seatOf};
console.log(JSON.stringify({ state: bought.state, seat, tickets: bought.tickets.length }));
`;

async function generate(folder: string, name: string, url: string): Promise<void> {
  const spec = (await (await fetch(url)).json()) as never;
  const { files } = await generateApi({ spec, output: false, fileName: `${name}.ts`, silent: true, generateUnionEnums: true });
  // The generator tells the compiler not to look at its output; here it has to.
  for (const { fileContent } of files) writeFileSync(join(folder, `${name}.ts`), fileContent.replace('// @ts-nocheck', ''));
}

/** What the compiler says of the program, nothing if it is content. */
async function compile(folder: string, seatOf: string): Promise<string> {
  writeFileSync(join(folder, 'program.ts'), program(seatOf));
  const options = ['--noEmit', '--strict', '--target', 'es2023', '--module', 'nodenext', '--allowImportingTsExtensions', '--types', 'node', '--skipLibCheck'];
  const tsc = [join(CHECKOUT, 'node_modules/typescript/bin/tsc'), ...options, 'program.ts'];
  const { stdout } = await runNode(tsc, folder).catch((error: { readonly stdout: string }) => error);
  return stdout;
}

function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'onsale-client-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  symlinkSync(join(CHECKOUT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

t.test('a client generated from the documents typechecks and books a seat', { timeout: 240_000 }, async (t) => {
  const system = await openWholeSystem({ processes: { sandbox: 1, admission: 1, booking: 1, worker: 1, web: 1 } });
  t.teardown(() => system.close());
  await makeOnSale(system, { layout: smallHall(10, 10) });
  const gateway = system.apps('web')[0]?.url ?? '';
  const folder = temporaryFolder(t);
  await generate(folder, 'admission', `${gateway}${ADMISSION_PREFIX}/docs/json`);
  await generate(folder, 'booking', `${gateway}${BOOKING_PREFIX}/docs/json`);
  t.match(readFileSync(join(folder, 'booking.ts'), 'utf8'), /holdSeats/);
  t.match(await compile(folder, 'seat.nonsense'), /nonsense/, 'control: the compiler knows what a ticket has');
  t.equal(await compile(folder, 'seat.label'), '');
  const run = ['--disable-warning=ExperimentalWarning', '--experimental-transform-types', 'program.ts', gateway, system.apps('sandbox')[0]?.url ?? ''];
  const { stdout } = await runNode(run, folder);
  t.match(JSON.parse(stdout), { state: 'paid', tickets: 1 });
});
